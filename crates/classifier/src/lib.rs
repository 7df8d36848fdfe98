//! The saved thing: weights, labels, preprocessing, evidence, in one file
