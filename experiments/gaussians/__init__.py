"""One method on a mixture of Gaussians in the plane in each file, whose modes can be counted."""
