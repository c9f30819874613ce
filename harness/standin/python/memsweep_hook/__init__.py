"""What PyTorch tells of a dry run's memory: its statistics, its history, and whose memory is whose."""
