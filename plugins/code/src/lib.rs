//! The code plugin: scripts that work with the run's other tools.
