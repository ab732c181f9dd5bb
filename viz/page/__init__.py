"""The page in the browser: state, engine, figures as columns, charts, words, server and export."""
