//! 3×3 convolutions of stride 1 by Winograd's minimal filtering F(4×4, 3×3) (Lavin, Gray,
//! arXiv 1509.09308): a quarter of the multiplications.
//!
//! Output is cut into tiles of 4×4. A tile's 6×6 of input d, the filter g and the tile's output y
//! are related by y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, for each pair of channels; the products ⊙ over all
//! tiles and channels are 36 matrix products, one for each *place* of the 6×6. They are in `f32`
//! whatever the tensors hold: the transforms lose more digits than bfloat16 has.

mod forward;
mod pack;
mod tiles;
mod transform;
mod weights;

pub(super) use forward::run;
pub(super) use pack::pack;
pub(super) use tiles::Shape;
pub(super) use weights::run as backward_weights;
