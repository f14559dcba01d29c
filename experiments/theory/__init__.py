"""Programs that compare trained networks with exact optima and distances, and draw a picture."""
