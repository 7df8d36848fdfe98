//! Recipes: how a network is taught
