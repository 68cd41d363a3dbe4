"""The learned model: data, ensemble, calibration and the baselines beside it."""
