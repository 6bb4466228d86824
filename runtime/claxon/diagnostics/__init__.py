"""What can be found out about this machine and about a bundle."""
