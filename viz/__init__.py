"""What people see: terminal tables and static figures; takes from runs only."""
