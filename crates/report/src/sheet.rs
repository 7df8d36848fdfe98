//! Contact sheets: the pictures of a folder, class by class or in groups of alike ones.

use askama::Template;

use crate::names::{Name, cut, plural, thousands};
use crate::thumbnail::address;

/// Pictures of a folder, class by class.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The title of the sheet, such as the folder's name.
    pub title: String,
    /// The program that made it, with its version.
    pub program: String,
    /// What the classes are.
    pub of: SheetOf,
    /// The classes in their order.
    pub classes: Vec<SheetClass>,
}

/// What the parts of a sheet are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SheetOf {
    /// Classes, of which some pictures are drawn.
    #[default]
    Classes,
    /// Groups of alike pictures, the most typical ones first.
    Groups {
        /// The plan that sorts them once they have names.
        plan: String,
    },
}

/// The pictures of a class.
#[derive(Clone, Debug, Default)]
pub struct SheetClass {
    /// Its name.
    pub name: String,
    /// How many files it has.
    pub count: usize,
    /// The files that are shown.
    pub tiles: Vec<Tile>,
}

/// One file on a sheet.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Its path relative to the folder.
    pub file: String,
    /// A small JPEG with its width and height in pixels, or why there is none.
    pub picture: Result<(Vec<u8>, [u32; 2]), String>,
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct Page<'a> {
    sheet: &'a Sheet,
    title: Name,
    /// The plan that sorts groups; of classes nothing.
    plan: Option<Name>,
    /// The same as an argument of a command.
    argument: String,
    /// What a class is counted in.
    unit: &'static str,
    classes: Vec<Class>,
    /// How many files there are, are shown, and are shown but unusable.
    count: usize,
    shown: usize,
    bad: usize,
}

struct Class {
    name: Name,
    count: usize,
    bad: usize,
    tiles: Vec<Shown>,
}

struct Shown {
    file: Name,
    /// Empty if there is no picture.
    address: String,
    size: [u32; 2],
    reason: String,
}

/// The sheet as one HTML file: no script, no network, pictures inside.
#[must_use]
pub fn contact_sheet(sheet: &Sheet) -> String {
    let shown = |tile: &Tile| {
        let file = Name::of(&tile.file);
        match &tile.picture {
            Ok((jpeg, size)) => Shown {
                file,
                address: address(std::slice::from_ref(jpeg), Some(0)),
                size: *size,
                reason: String::new(),
            },
            Err(reason) => {
                Shown { file, address: String::new(), size: [0; 2], reason: cut(reason, 200) }
            }
        }
    };
    let class = |class: &SheetClass| Class {
        name: Name::of(&class.name),
        count: class.count,
        bad: class.tiles.iter().filter(|tile| tile.picture.is_err()).count(),
        tiles: class.tiles.iter().map(shown).collect(),
    };
    let classes: Vec<Class> = sheet.classes.iter().map(class).collect();
    let (plan, argument, unit) = match &sheet.of {
        SheetOf::Classes => (None, String::new(), "file"),
        SheetOf::Groups { plan } => {
            (Some(Name::of(plan)), Name::of(&insight::quoted(plan)).full, "picture")
        }
    };
    let page = Page {
        title: Name::of(&sheet.title),
        plan,
        argument,
        unit,
        count: classes.iter().map(|class| class.count).sum(),
        shown: classes.iter().map(|class| class.tiles.len()).sum(),
        bad: classes.iter().map(|class| class.bad).sum(),
        classes,
        sheet,
    };
    page.render().expect("templates whose values print without error render without error")
}
