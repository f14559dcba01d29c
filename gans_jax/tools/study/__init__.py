"""The perceptual study of pix2pix and CycleGAN: people say which of two images is real."""
