"""Speed, memory and accuracy, against the source in the same run."""
