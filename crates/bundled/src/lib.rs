//! Pretrained weights that are part of the program, so that a first run needs no network.
//!
//! [`ALL`] lists them as [`Bundled`] files in the safetensors format. They hold the backbones of
//! Google's EfficientNet-Lite without the layer that ends in ImageNet's classes; each convolution's
//! filters are 8-bit integers with one scale per filter. `make.py` beside this crate makes them from
//! the published packages, to the byte. The crate `weights` reads them like any other file.
//!
//! ```
//! let lite0 = bundled::named("efficientnet-lite0").expect("it is part of the program");
//! assert!(lite0.bytes.len() < 4 << 20);
//! assert_eq!(lite0.licence, "Apache-2.0");
//! ```

/// A file of weights that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The backbone's name.
    pub name: &'static str,
    /// The file, in the safetensors format.
    pub bytes: &'static [u8],
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: &'static str,
    /// The licence of the weights.
    pub licence: &'static str,
}

/// All files of weights that are part of the program.
pub static ALL: [Bundled; 2] = [
    Bundled {
        name: "efficientnet-lite0",
        bytes: include_bytes!("efficientnet-lite0.safetensors"),
        sha256: "51b90a58fcef3414fe7c857bff406d70fd944aec498dd4eae96629fc4be7bb10",
        licence: "Apache-2.0",
    },
    Bundled {
        name: "efficientnet-lite2",
        bytes: include_bytes!("efficientnet-lite2.safetensors"),
        sha256: "38510b76e6fbb4d12bc843eb7df450c19cc9d904e4c7d954613d5bbe162197e0",
        licence: "Apache-2.0",
    },
];

/// The weights for the backbone of this name, if they are part of the program.
#[must_use]
pub fn named(name: &str) -> Option<&'static Bundled> {
    ALL.iter().find(|bundled| bundled.name == name)
}
