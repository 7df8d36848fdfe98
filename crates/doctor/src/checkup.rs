//! Findings from a survey.

use std::collections::{BTreeMap, HashMap};

use ground::words::{self, thousands};
use ground::{Digest, Stop};
use pictures::{Colour, Header, MISSING, PerceptualHash, Side, near};

use crate::light::Fault;
use crate::names::alike;
use crate::plan::{Action, Plan, Step};
use crate::{Finding, Kind, Seen, Severity, Sight, Survey};

/// A side shorter than this is very small: less than a third of a network's input.
const SMALL: u32 = 64;
/// A side more than so many times the other is odd.
const ODD: f64 = 3.0;
/// A class is coloured if fewer than one in so many of its pictures is grey.
const COLOURED: usize = 4;
/// A class with fewer pictures can hardly be learned.
const TINY: usize = 20;
/// The largest class has more than so many times the pictures of the smallest.
const UNEVEN: usize = 5;

/// Findings about how a picture looks …
const OF_LIGHT: [Kind; 7] = [
    Kind::Blank,
    Kind::Placeholder,
    Kind::TooDark,
    Kind::TooBright,
    Kind::Blurred,
    Kind::TooSmall,
    Kind::OddShape,
];
/// … are a property of a class if so many of its pictures have one …
const COMMON: usize = 5;
/// … and more than one in so many.
const COMMON_PART: usize = 5;

/// The findings in a folder.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// The survey that they come from.
    pub survey: Survey,
    /// Most severe first; of one kind in the folder's order.
    pub findings: Vec<Finding>,
    /// Sets of copies and near duplicates, direct or through others, as indices of files.
    pub groups: Vec<Vec<usize>>,
}

impl Checkup {
    /// Finds everything. If stopped, it finds no near duplicates. `suspected` pairs of files, such
    /// as those with similar features, are compared with a lower threshold ([`near::pairs_with`]).
    ///
    /// # Panics
    /// If a suspected file is not in the survey.
    #[must_use]
    pub fn of(survey: Survey, suspected: &[(usize, usize)], stop: &Stop) -> Self {
        let mut checkup = Self { survey, findings: vec![], groups: vec![] };
        checkup.single_files();
        checkup.common_ones();
        checkup.grey_ones();
        checkup.copies(suspected, stop);
        checkup.classes();
        checkup.findings.sort_by(|a, b| (a.kind, &a.files).cmp(&(b.kind, &b.files)));
        checkup
    }

    /// The doubtful findings about single pictures, most frequent first: `12 blurred, 3 very dark`.
    /// `None` if there are none. Copies are not looked for.
    #[must_use]
    pub fn brief(survey: Survey) -> Option<String> {
        let mut checkup = Self { survey, findings: vec![], groups: vec![] };
        checkup.single_files();
        checkup.common_ones();
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        let doubtful = |finding: &&Finding| finding.kind.severity() == Severity::Doubtful;
        for finding in checkup.findings.iter().filter(doubtful) {
            *counts.entry(finding.kind).or_default() += 1;
        }
        let mut counts: Vec<(Kind, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|&(kind, count)| (usize::MAX - count, kind));
        let words =
            counts.iter().map(|(kind, count)| format!("{} {}", thousands(*count), kind.title()));
        (!counts.is_empty()).then(|| words.collect::<Vec<_>>().join(", "))
    }

    /// Inserts a finding about classes that was made elsewhere, in its order.
    pub fn add(&mut self, kind: Kind, words: String) {
        self.found(kind, vec![], words);
        self.findings.sort_by(|a, b| (a.kind, &a.files).cmp(&(b.kind, &b.files)));
    }

    fn found(&mut self, kind: Kind, files: Vec<usize>, words: String) {
        self.findings.push(Finding { kind, files, words });
    }

    fn single_files(&mut self) {
        for file in 0..self.survey.files.len() {
            for (kind, words) in of_file(&self.survey.files[file]) {
                self.found(kind, vec![file], words);
            }
        }
    }

    /// What most of a class shares is said once, of the class: it is no fault of single pictures.
    fn common_ones(&mut self) {
        let mut files: BTreeMap<(usize, Kind), Vec<usize>> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| OF_LIGHT.contains(&finding.kind)) {
            for &file in &finding.files {
                let class = self.survey.files[file].label;
                files.entry((class, finding.kind)).or_default().push(file);
            }
        }
        let mut good = vec![0; self.survey.classes.len()];
        let readable = self.survey.files.iter().filter(|seen| seen.sight.is_ok());
        readable.for_each(|seen| good[seen.label] += 1);
        files.retain(|&(class, _), files| {
            files.len() >= COMMON && files.len() * COMMON_PART > good[class]
        });
        for ((class, kind), files) in files {
            self.findings.retain(|finding| {
                finding.kind != kind || !finding.files.iter().all(|file| files.contains(file))
            });
            let words = format!(
                "{} of the {} in `{}`: {}",
                thousands(files.len()),
                words::count(good[class], "picture"),
                self.survey.classes[class],
                kind.title()
            );
            self.found(Kind::Common, vec![], words);
        }
    }

    fn grey_ones(&mut self) {
        let is_grey = |seen: &Seen| {
            // Of what is no photograph at all that is told.
            let grey = |sight: &Sight| sight.light.is_grey() && sight.light.fault().is_none();
            seen.sight.as_ref().is_ok_and(grey)
        };
        for label in 0..self.survey.classes.len() {
            let of: Vec<usize> = (0..self.survey.files.len())
                .filter(|&f| self.survey.files[f].label == label)
                .collect();
            let grey: Vec<usize> =
                of.iter().copied().filter(|&file| is_grey(&self.survey.files[file])).collect();
            if grey.len() * COLOURED < of.len() {
                let words = format!(
                    "{} of {} in `{}` are grey",
                    thousands(grey.len()),
                    words::count(of.len(), "picture"),
                    self.survey.classes[label]
                );
                grey.into_iter().for_each(|file| self.found(Kind::Grey, vec![file], words.clone()));
            }
        }
    }

    /// Exact copies by their pixels (equal bytes decode to equal pixels), then near ones.
    fn copies(&mut self, suspected: &[(usize, usize)], stop: &Stop) {
        let seen = self.survey.files.iter().enumerate();
        let sights: Vec<(usize, Digest, PerceptualHash)> = seen
            .filter_map(|(file, seen)| {
                seen.sight.as_ref().ok().map(|sight| (file, sight.pixels, sight.hash.clone()))
            })
            .collect();
        let mut same: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut first: HashMap<Digest, usize> = HashMap::new();
        for &(file, pixels, _) in &sights {
            same.entry(*first.entry(pixels).or_insert(file)).or_default().push(file);
        }
        let kinds = [Kind::LabelConflict, Kind::Leak, Kind::Copies];
        for files in same.values().filter(|files| files.len() > 1) {
            let words = words::count(files.len(), "file");
            self.found(self.of_group(files, kinds), files.clone(), words);
        }
        // One of each picture is enough to look for near copies.
        let firsts: Vec<usize> =
            (0..sights.len()).filter(|&at| first[&sights[at].1] == sights[at].0).collect();
        let hashes: Vec<PerceptualHash> = firsts.iter().map(|&at| sights[at].2.clone()).collect();
        let mut place = vec![None; self.survey.files.len()];
        firsts.iter().enumerate().for_each(|(at, &sight)| place[sights[sight].0] = Some(at));
        let suspected: Vec<(usize, usize)> =
            suspected.iter().filter_map(|&(a, b)| Some((place[a]?, place[b]?))).collect();
        let labels: Vec<usize> =
            firsts.iter().map(|&sight| self.survey.files[sights[sight].0].label).collect();
        let near::Trusted { pairs, alike } =
            near::trusted(&near::pairs_with(&hashes, &suspected, stop), &labels);
        for set in alike {
            let files: Vec<usize> = set.iter().map(|&at| sights[firsts[at]].0).collect();
            let words = words::count(files.len(), "picture");
            self.found(Kind::LookAlike, files, words);
        }
        let kinds = [Kind::NearConflict, Kind::NearLeak, Kind::NearCopies];
        for set in near::sets(hashes.len(), &pairs) {
            let files: Vec<usize> = set.iter().map(|&at| sights[firsts[at]].0).collect();
            let turns = pairs.iter().filter(|pair| set.contains(&pair.first));
            let mut turned: Vec<&str> = turns
                .filter(|pair| pair.turn != near::Turn::AsIs)
                .map(|p| p.turn.words())
                .collect();
            turned.sort_unstable();
            turned.dedup();
            let words = match turned.is_empty() {
                true => words::count(files.len(), "picture"),
                false => format!("{}, {}", words::count(files.len(), "picture"), turned.join(", ")),
            };
            self.found(self.of_group(&files, kinds), files, words);
        }
        self.groups = self.joined(&same, &sights, &firsts, &pairs);
    }

    fn joined(
        &self,
        same: &BTreeMap<usize, Vec<usize>>,
        sights: &[(usize, Digest, PerceptualHash)],
        firsts: &[usize],
        pairs: &[near::Pair],
    ) -> Vec<Vec<usize>> {
        let pair = |first, second| near::Pair {
            first,
            second,
            turn: near::Turn::AsIs,
            likeness: 1.0,
            plain: false,
        };
        let exact = same.iter().flat_map(|(&first, files)| {
            files.iter().filter(move |&&file| file != first).map(move |&file| (first, file))
        });
        let file = |at: usize| sights[firsts[at]].0;
        let near = pairs.iter().map(|pair| (file(pair.first), file(pair.second)));
        let all: Vec<near::Pair> = exact.chain(near).map(|(a, b)| pair(a, b)).collect();
        near::sets(self.survey.files.len(), &all)
    }

    /// Whether copies are in several classes, on several sides, or just copies.
    fn of_group(&self, files: &[usize], [conflict, leak, copies]: [Kind; 3]) -> Kind {
        let of = |file: usize| &self.survey.files[file];
        let trained = |file: usize| matches!(of(file).side, None | Some(Side::Train));
        if files.iter().any(|&file| of(file).label != of(files[0]).label) {
            conflict
        } else if files.iter().any(|&file| trained(file) != trained(files[0])) {
            leak
        } else {
            copies
        }
    }

    fn classes(&mut self) {
        let names = self.survey.classes.clone();
        for name in names.iter().filter(|name| name.chars().any(char::is_control)) {
            let words = format!("`{}` has control characters", name.escape_debug());
            self.found(Kind::NoClassName, vec![], words);
        }
        if names.len() < 2 {
            // Not sorted yet.
            return;
        }
        for (at, a) in names.iter().enumerate() {
            for b in &names[at + 1..] {
                if let Some(why) = alike(a, b) {
                    self.found(Kind::ClassNames, vec![], format!("`{a}` and `{b}` {why}"));
                }
            }
        }
        let mut counts = vec![0; names.len()];
        let good = self.survey.files.iter().filter(|seen| seen.sight.is_ok());
        good.for_each(|seen| counts[seen.label] += 1);
        for (name, &count) in names.iter().zip(&counts) {
            let of = |words: String| format!("`{name}` has {words}");
            match count {
                0 => self.found(Kind::EmptyClass, vec![], of("no picture that can be read".into())),
                1..TINY => self.found(Kind::TinyClass, vec![], of(words::count(count, "picture"))),
                _ => {}
            }
        }
        // Of several that are largest, the first.
        let largest = (0..names.len()).rev().max_by_key(|&class| counts[class]);
        let smallest =
            (0..names.len()).filter(|&class| counts[class] > 0).min_by_key(|&class| counts[class]);
        if let (Some(largest), Some(smallest)) = (largest, smallest)
            && counts[largest] > UNEVEN * counts[smallest]
        {
            let ((a, m), (b, n)) =
                ((&names[largest], counts[largest]), (&names[smallest], counts[smallest]));
            self.found(
                Kind::Imbalance,
                vec![],
                format!("`{a}` has {}, `{b}` {}", thousands(m), thousands(n)),
            );
        }
    }

    /// The plan that mends the findings, for a person to edit. Certain problems have an action,
    /// doubtful ones `keep`. At most one step per file.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let mut steps: BTreeMap<usize, Step> = BTreeMap::new();
        // The gravest come first, and the first word on a file stands.
        for finding in &self.findings {
            for (file, action, to, reason) in self.advice(finding) {
                let path = self.survey.files[file].place.name();
                let below = path.strip_prefix(&self.survey.folder).unwrap_or(path).to_owned();
                let action = if self.is_linked(file) { Action::Keep } else { action };
                let to = to.map(|suffix| below.with_extension(suffix)).unwrap_or_default();
                let step = Step { action, path: below, to, reason, line: 0 };
                let there = steps.entry(file).or_insert_with(|| step.clone());
                if there.action == Action::Keep && step.action != Action::Keep {
                    *there = step;
                }
            }
        }
        let steps = steps.into_values().collect();
        Plan { folder: self.survey.folder.clone(), steps, unnamed: 0 }
    }

    /// What to do with each file of a finding, and why; with the new suffix where it gets one.
    fn advice(&self, finding: &Finding) -> Vec<(usize, Action, Option<&'static str>, String)> {
        let kind = finding.kind;
        let others = |file: usize| {
            let others = finding.files.iter().filter(|&&other| other != file);
            others.map(|&other| self.survey.name(other)).collect::<Vec<_>>().join(", ")
        };
        let reason = |file: usize| match finding.files.len() {
            1 => format!("{}: {}", kind.title(), finding.words),
            _ => format!("{}: {}", kind.title(), others(file)),
        };
        let format = |file: usize| {
            let header = self.survey.files[file].header.as_ref();
            header.map(|header| header.format.suffixes()[0])
        };
        let one = |&file: &usize| match kind {
            Kind::LabelConflict | Kind::Unreadable => (file, Action::LeaveOut, None, reason(file)),
            Kind::Leak if self.survey.files[file].side == Some(Side::Train) => {
                (file, Action::LeaveOut, None, reason(file))
            }
            Kind::Copies if file != self.kept_copy(&finding.files).0 => {
                (file, Action::LeaveOut, None, reason(file))
            }
            Kind::WrongSuffix => (file, Action::Move, format(file), reason(file)),
            _ => (file, Action::Keep, None, reason(file)),
        };
        finding.files.iter().map(one).collect()
    }

    /// Which of several copies to keep, and the reason: the largest file; among equals the one whose
    /// name does not say that it is a copy; then the first.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn kept_copy(&self, files: &[usize]) -> (usize, &'static str) {
        let bytes = |file: usize| self.survey.files[file].bytes;
        let plain = |file: usize| !says_copy(self.survey.files[file].place.name());
        let best = |&file: &usize| (bytes(file), plain(file));
        let best = files.iter().copied().rev().max_by_key(best).expect("there are copies");
        let others = || files.iter().copied().filter(|&file| file != best);
        let why = if others().all(|file| bytes(file) < bytes(best)) {
            "the largest file"
        } else if plain(best) && others().any(|file| bytes(file) == bytes(best) && !plain(file)) {
            "the largest file whose name does not say that it is a copy"
        } else {
            "the first of the largest files"
        };
        (best, why)
    }

    /// Whether a picture is behind a link or only part of a file, where a plan moves nothing.
    fn is_linked(&self, file: usize) -> bool {
        let Some(path) = self.survey.files[file].place.whole_file() else { return true };
        let (Ok(root), Ok(below)) =
            (self.survey.folder.canonicalize(), path.strip_prefix(&self.survey.folder))
        else {
            return true;
        };
        path.canonicalize().map_or(true, |real| real != root.join(below))
    }
}

/// Whether a file's name is one that systems give to copies: `IMG_1 (1).jpg`, `IMG_1 copy.jpg`,
/// `Copy of IMG_1.jpg`.
fn says_copy(path: &std::path::Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let numbered = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once('('));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbered.is_some_and(|(_, number)| digits(number))
        || stem.ends_with(" copy")
        || stem.ends_with("-copy")
        || stem.ends_with("- copy")
        || stem.starts_with("copy of ")
}

/// Findings about single files.
fn of_file(seen: &Seen) -> Vec<(Kind, String)> {
    let mut found = vec![];
    match &seen.sight {
        Err(reason) if reason == MISSING => found.push((Kind::Missing, reason.clone())),
        Err(reason) => found.push((Kind::Unreadable, reason.clone())),
        Ok(sight) => found.extend(of_sight(sight)),
    }
    let Some(header) = &seen.header else { return found };
    let file = seen.place.photograph().unwrap_or_else(|| seen.place.clone());
    let suffix = file.name().extension().map(|suffix| suffix.to_string_lossy().to_lowercase());
    if suffix.is_some_and(|suffix| !header.format.suffixes().contains(&suffix.as_str())) {
        found.push((Kind::WrongSuffix, format!("is a {}", header.format.name())));
    }
    if seen.sight.is_ok() {
        found.extend(of_header(header));
    }
    found
}

/// Findings from a picture's pixels, the worst only.
fn of_sight(sight: &Sight) -> Option<(Kind, String)> {
    let (short, long) = (sight.width.min(sight.height), sight.width.max(sight.height));
    let size = format!("{} × {} pixels", sight.width, sight.height);
    if let Some(fault) = sight.light.fault() {
        return Some(match fault {
            Fault::Blank => (Kind::Blank, size),
            Fault::Dark => (Kind::TooDark, size),
            Fault::Placeholder => (Kind::Placeholder, size),
            Fault::Bright => (Kind::TooBright, size),
            Fault::Blurred => (Kind::Blurred, size),
        });
    }
    if short < SMALL {
        return Some((Kind::TooSmall, size));
    }
    (f64::from(long) > ODD * f64::from(short)).then_some((Kind::OddShape, size))
}

/// Findings from a file's header.
fn of_header(header: &Header) -> Vec<(Kind, String)> {
    let mut found = vec![];
    if header.animated {
        found.push((Kind::Animated, format!("a {}", header.format.name())));
    }
    let kinds = [
        (header.colour == Colour::Cmyk, "CMYK"),
        (header.depth > 8, "16 bits"),
        (header.alpha, "transparent"),
    ];
    let kinds: Vec<&str> = kinds.iter().filter(|kind| kind.0).map(|kind| kind.1).collect();
    if !kinds.is_empty() {
        found.push((Kind::Converted, kinds.join(", ")));
    }
    let Some(exif) = &header.exif else { return found };
    if let Some(orientation) = exif.orientation.filter(|&tag| (2..=8).contains(&tag)) {
        found.push((Kind::Turned, format!("orientation {orientation}")));
    }
    if exif.broken {
        found.push((Kind::DamagedExif, "damaged EXIF".into()));
    }
    found
}
