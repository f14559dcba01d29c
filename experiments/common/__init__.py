"""What several experiments use: training loops, scores of trained runs, options and plots."""
