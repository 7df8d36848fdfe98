//! What decoding may cost: bytes, pixels and memory beyond which a picture is refused.

use super::reason::Reason;
use crate::Limits;

/// The memory that pictures being decoded may take together, their files included: one large
/// picture, or dozens of ordinary ones. A picture that takes more by itself is refused.
pub(crate) const BUDGET: u64 = 320 << 20;

/// The reason why a longer file is refused.
pub(crate) fn too_many_bytes(limits: &Limits) -> Reason {
    Reason::TooLarge(format!("more than {} bytes", limits.max_bytes))
}

/// Refuses a size beyond the limits, from the header alone.
pub(super) fn check((width, height): (u32, u32), limits: &Limits) -> Result<(), Reason> {
    let size = format!("{width} × {height} pixels");
    if width == 0 || height == 0 {
        return Err(Reason::Broken(size));
    }
    if width.max(height) > limits.max_side {
        return Err(Reason::TooLarge(format!("{size}, at most {} a side", limits.max_side)));
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Reason::TooLarge(format!("{size}, at most {} in all", limits.max_pixels)));
    }
    Ok(())
}

/// Refuses a picture that takes more memory than all pictures may together.
pub(super) fn affordable(bytes: u64) -> Result<(), Reason> {
    if bytes <= BUDGET {
        return Ok(());
    }
    let [takes, most] = [bytes, BUDGET].map(|bytes| bytes >> 20);
    Err(Reason::TooLarge(format!("decoding it takes {takes} MiB of memory, at most {most}")))
}
