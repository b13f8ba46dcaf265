"""What a person runs: configuration, experiments, recordings, reports, the command line."""
