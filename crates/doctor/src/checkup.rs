//! From what was seen to what is found.

use std::collections::{BTreeMap, HashMap};

use ground::{Digest, Stop};
use pictures::{Print, Side, near};

use crate::names::alike;
use crate::plan::{Action, Plan, Step};
use crate::{Finding, Kind, Survey};

/// A side shorter than this is very small: less than a third of what a network looks at.
const SMALL: u32 = 64;
/// A side more than so many times the other is odd.
const ODD: f64 = 3.0;
/// Brightness that varies by less is blank: no photograph among a thousand comes near it.
const BLANK: f32 = 3.0;
/// A class with fewer pictures is hardly learned.
const TINY: usize = 20;
/// The largest class has more than so many times the pictures of the smallest.
const UNEVEN: usize = 5;

/// What was found in a folder.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// What it was found in.
    pub survey: Survey,
    /// The gravest first; of one kind in the folder's order.
    pub findings: Vec<Finding>,
    /// Pictures that are the same or nearly so, directly or by way of others.
    pub groups: Vec<Vec<usize>>,
}

impl Checkup {
    /// Finds what there is to find. Asked to stop, it finds no near duplicates.
    #[must_use]
    pub fn of(survey: Survey, threads: usize, stop: &Stop) -> Self {
        let mut checkup = Self { survey, findings: vec![], groups: vec![] };
        checkup.single_files();
        checkup.copies(threads, stop);
        checkup.classes();
        checkup.findings.sort_by(|a, b| (a.kind, &a.files).cmp(&(b.kind, &b.files)));
        checkup
    }

    fn found(&mut self, kind: Kind, files: Vec<usize>, words: String) {
        self.findings.push(Finding { kind, files, words });
    }

    fn single_files(&mut self) {
        for file in 0..self.survey.files.len() {
            let seen = &self.survey.files[file];
            let suffix = seen.path.extension().map(|s| s.to_string_lossy().to_lowercase());
            if let (Some(format), Some(suffix)) = (seen.format, suffix)
                && !format.suffixes().contains(&suffix.as_str())
            {
                self.found(Kind::WrongSuffix, vec![file], format!("is a {}", format.name()));
            }
            match &self.survey.files[file].sight {
                Err(reason) => self.found(Kind::Unreadable, vec![file], reason.clone()),
                Ok(sight) => {
                    let (width, height, contrast) = (sight.width, sight.height, sight.contrast);
                    let size = format!("{width} × {height} pixels");
                    let (short, long) = (width.min(height), width.max(height));
                    if contrast < BLANK {
                        self.found(Kind::Blank, vec![file], size);
                    } else if short < SMALL {
                        self.found(Kind::TooSmall, vec![file], size);
                    } else if f64::from(long) > ODD * f64::from(short) {
                        self.found(Kind::OddShape, vec![file], size);
                    }
                }
            }
        }
    }

    /// Exact copies by their pixels (equal bytes decode to equal pixels), then near ones.
    fn copies(&mut self, threads: usize, stop: &Stop) {
        let seen = self.survey.files.iter().enumerate();
        let sights: Vec<(usize, Digest, Print)> = seen
            .filter_map(|(file, seen)| {
                seen.sight.as_ref().ok().map(|sight| (file, sight.pixels, sight.print.clone()))
            })
            .collect();
        let mut same: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut first: HashMap<Digest, usize> = HashMap::new();
        for &(file, pixels, _) in &sights {
            same.entry(*first.entry(pixels).or_insert(file)).or_default().push(file);
        }
        let kinds = [Kind::LabelConflict, Kind::Leak, Kind::Copies];
        for files in same.values().filter(|files| files.len() > 1) {
            let words = format!("{} files", files.len());
            self.found(self.of_group(files, kinds), files.clone(), words);
        }
        // One of each picture is enough to look for near copies.
        let firsts: Vec<usize> =
            (0..sights.len()).filter(|&at| first[&sights[at].1] == sights[at].0).collect();
        let prints: Vec<Print> = firsts.iter().map(|&at| sights[at].2.clone()).collect();
        let pairs = near::pairs(&prints, threads, stop);
        let kinds = [Kind::NearConflict, Kind::NearLeak, Kind::NearCopies];
        for set in near::sets(prints.len(), &pairs) {
            let files: Vec<usize> = set.iter().map(|&at| sights[firsts[at]].0).collect();
            let turns = pairs.iter().filter(|pair| set.contains(&pair.first));
            let mut turned: Vec<&str> = turns
                .filter(|pair| pair.turn != near::Turn::AsIs)
                .map(|p| p.turn.words())
                .collect();
            turned.sort_unstable();
            turned.dedup();
            let words = match turned.is_empty() {
                true => format!("{} pictures", files.len()),
                false => format!("{} pictures, {}", files.len(), turned.join(", ")),
            };
            self.found(self.of_group(&files, kinds), files, words);
        }
        self.groups = self.joined(&same, &sights, &firsts, &pairs);
    }

    fn joined(
        &self,
        same: &BTreeMap<usize, Vec<usize>>,
        sights: &[(usize, Digest, Print)],
        firsts: &[usize],
        pairs: &[near::Pair],
    ) -> Vec<Vec<usize>> {
        let pair =
            |first, second| near::Pair { first, second, turn: near::Turn::AsIs, likeness: 1.0 };
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
            if count < TINY {
                self.found(Kind::TinyClass, vec![], format!("`{name}` has {count}"));
            }
        }
        // Of several that are largest, the first.
        let largest = (0..names.len()).rev().max_by_key(|&class| counts[class]);
        let smallest = (0..names.len()).min_by_key(|&class| counts[class]);
        if let (Some(largest), Some(smallest)) = (largest, smallest)
            && counts[largest] > UNEVEN * counts[smallest]
        {
            let ((a, m), (b, n)) =
                ((&names[largest], counts[largest]), (&names[smallest], counts[smallest]));
            self.found(Kind::Imbalance, vec![], format!("`{a}` has {m}, `{b}` {n}"));
        }
    }

    /// What to do about it, for a person to look through: what is certain is to be done, what is
    /// doubtful stands there to be decided. At most one step a file.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let mut steps: BTreeMap<usize, Step> = BTreeMap::new();
        // The gravest come first, and the first word on a file stands.
        for finding in &self.findings {
            for (file, action, to, reason) in self.advice(finding) {
                let path = &self.survey.files[file].path;
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
        Plan { folder: self.survey.folder.clone(), steps: steps.into_values().collect() }
    }

    /// What to do with each file of a finding, and why; with the new suffix where it gets one.
    fn advice(&self, finding: &Finding) -> Vec<(usize, Action, Option<&'static str>, String)> {
        let kind = finding.kind;
        let others = |file: usize| {
            let others = finding.files.iter().filter(|&&other| other != file);
            others.map(|&other| self.survey.name(other)).collect::<Vec<_>>().join(", ")
        };
        let told = |file: usize| match finding.files.len() {
            1 => format!("{}: {}", kind.title(), finding.words),
            _ => format!("{}: {}", kind.title(), others(file)),
        };
        let format = |file: usize| self.survey.files[file].format.map(|f| f.suffixes()[0]);
        let one = |&file: &usize| match kind {
            Kind::LabelConflict | Kind::Unreadable => (file, Action::LeaveOut, None, told(file)),
            Kind::Leak if self.survey.files[file].side == Some(Side::Train) => {
                (file, Action::LeaveOut, None, told(file))
            }
            Kind::Copies if file != self.best(&finding.files) => {
                (file, Action::LeaveOut, None, told(file))
            }
            Kind::WrongSuffix => (file, Action::Move, format(file), told(file)),
            _ => (file, Action::Keep, None, told(file)),
        };
        finding.files.iter().map(one).collect()
    }

    /// The copy to stay: the largest file, of those the first.
    fn best(&self, files: &[usize]) -> usize {
        let size = |file: usize| self.survey.files[file].bytes;
        files.iter().copied().rev().max_by_key(|&file| size(file)).unwrap_or(0)
    }

    /// Whether a file lies behind a link, where a plan moves nothing.
    fn is_linked(&self, file: usize) -> bool {
        let path = &self.survey.files[file].path;
        let (Ok(root), Ok(below)) =
            (self.survey.folder.canonicalize(), path.strip_prefix(&self.survey.folder))
        else {
            return true;
        };
        path.canonicalize().map_or(true, |real| real != root.join(below))
    }
}
