//! Reading and writing tensors safely, and fetching pretrained ones
