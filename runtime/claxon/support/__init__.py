"""What every room may use: checks of options, progress bars, threads, the line that a warning belongs to."""
