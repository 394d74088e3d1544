"""What is shown of a fit: its content as data, and that content as text."""
