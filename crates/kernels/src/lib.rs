//! Numbers on slices: matrix product, convolution, norm, pooling, loss, optimiser, threads
