//! Colours of another space brought to sRGB, as the embedded profile says.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::Rgb;

/// Larger profiles are ignored: those of cameras and screens have some kB, with tables a MB.
const LARGEST: usize = 4 << 20;

/// Converts the pixels where the profile is sound, one of RGB, and not sRGB.
pub(super) fn to_srgb(picture: &mut Rgb, profile: &[u8]) {
    let Some(profile) = foreign(profile) else { return };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options)
    else {
        return;
    };
    // A row is written beside itself, which takes no second picture.
    let mut row = vec![0; picture.width as usize * 3];
    for pixels in picture.data.chunks_exact_mut(row.len()) {
        if transform.transform(pixels, &mut row).is_ok() {
            pixels.copy_from_slice(&row);
        }
    }
}

/// The profile, unless it is broken, of other than RGB, or as good as sRGB.
fn foreign(profile: &[u8]) -> Option<ColorProfile> {
    if profile.len() > LARGEST {
        return None;
    }
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    (profile.color_space == DataColorSpace::Rgb && !is_srgb(&profile)).then_some(profile)
}

/// Whether a profile changes no level by more than one, by a few colours that would show it.
fn is_srgb(profile: &ColorProfile) -> bool {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options);
    let probe: [[u8; 3]; 8] = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [200, 120, 60],
        [60, 120, 200],
        [30, 30, 30],
        [128, 128, 128],
        [240, 220, 90],
    ];
    let probe = probe.as_flattened();
    let mut out = [0; 24];
    transform.is_ok_and(|transform| transform.transform(probe, &mut out).is_ok())
        && probe.iter().zip(&out).all(|(from, to)| from.abs_diff(*to) <= 1)
}
