"""The record: observations, their counterparts, scores, backtest, calibration."""
