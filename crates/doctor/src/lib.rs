//! Finds problems in a folder of labelled pictures, and plans that mend them.
//!
//! Its three central types are [`Survey`] (every file, read once), [`Checkup`] (the [`Finding`]s,
//! each of one [`Kind`]) and [`plan::Plan`] (a table of changes that a person edits, applies and
//! undoes). Nothing here changes a picture, and only a plan
//! moves one.
//!
//! ```
//! use doctor::{Checkup, Settings, Survey};
//! use ground::{Stop, progress::Silent};
//! use pictures::Folder;
//! # let place = tempfile::tempdir()?;
//! # for (class, level) in [("ants", 40), ("bees", 90)] {
//! #     std::fs::create_dir(place.path().join(class))?;
//! #     let dots = image::RgbImage::from_fn(80, 60, |x, y| image::Rgb([(x * y % 97) as u8 + level; 3]));
//! #     dots.save(place.path().join(class).join("1.png"))?;
//! # }
//! # std::fs::copy(place.path().join("ants/1.png"), place.path().join("bees/2.png"))?;
//! # let photos = place.path();
//! let folder = Folder::scan(photos)?;
//! let survey = Survey::of(photos, &folder, &Settings::default(), &Silent, &Stop::new())?;
//! let checkup = Checkup::of(survey, &[], &Stop::new());
//! assert_eq!(checkup.findings[0].kind, doctor::Kind::LabelConflict);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checkup;
mod finding;
mod kept;
mod light;
mod names;
pub mod plan;
mod survey;

pub use checkup::Checkup;
pub use finding::{Finding, Kind, Severity};
pub use kept::folder as kept_folder;
pub use light::Light;
pub use pictures::Side;
pub use survey::{Seen, Settings, Sight, Survey, SurveyError};
