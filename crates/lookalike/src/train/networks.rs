//! Which of several networks to use: each extracts its features, and the heads that are fitted on
//! them are compared out of fold, on the same pictures.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::{Engine, Images};
use insight::{Comparison, compare};
use network::{Backbone, summary};
use pictures::Folder;
use training::Recipe;
use training::auto::{Auto, FineTune};
use weights::Embedded;

use super::event::Event;
use super::listener::Listener;
use super::ready::Ready;
use super::start::{Initial, Start};
use super::{RecipeOptions, TrainRequest};
use crate::text::clock;
use crate::{Error, Kind, NamedNetwork};

/// Comparing networks may take this share of the granted minutes.
const SHARE: f64 = 0.5;

/// What a comparison of networks came to.
pub(super) struct Choice {
    /// The network to use, unless none was tried.
    pub(super) network: Option<NamedNetwork>,
    /// Each comparison with the best so far, which is its `a`.
    pub(super) comparisons: Vec<Comparison>,
    /// What a reader of the report should know.
    pub(super) note: String,
}

/// The networks that a request wants compared: those it names, if several; else, where it grants
/// minutes, those whose weights are part of the program.
pub(super) fn rivals(request: &TrainRequest) -> Vec<NamedNetwork> {
    let Initial { network, others, weights, .. } = &request.initial;
    let named: Vec<NamedNetwork> = network.iter().chain(others).copied().collect();
    let free = named.is_empty() && weights.is_none() && request.like.is_none();
    if free && request.options.minutes.is_some() {
        let embedded = Backbone::ALL.into_iter().filter(|&one| Embedded::of(one).is_some());
        return embedded.map(|backbone| NamedNetwork { backbone, pretrained: None }).collect();
    }
    named
}

/// Compares the rivals, the cheapest first: a dearer one is chosen only if its log-loss is lower
/// beyond chance. Nothing where there is nothing to compare, or no time to.
///
/// # Errors
/// When weights cannot be had, a head cannot be fitted, or on request.
pub(super) fn choose(
    request: &TrainRequest,
    folder: &Folder,
    listener: &mut Listener<'_>,
) -> Result<Option<Choice>, Error> {
    let asked = !request.initial.others.is_empty();
    if asked && request.initial.weights.is_some() {
        let what = "`--weights` are those of one network, and several are named";
        return Err(Error::refused(Kind::Usage, what).advise("name one network"));
    }
    let rivals = rivals(request);
    if rivals.len() < 2 {
        return Ok(None);
    }
    let mut entrants = vec![];
    for network in rivals {
        entrants.push(Entrant::of(network, request, folder, listener)?);
    }
    let entrants: Option<Vec<Entrant>> = entrants.into_iter().collect();
    let mut entrants = match entrants {
        Some(entrants) if entrants.len() > 1 => entrants,
        None if asked => return Err(only_by_default()),
        _ => return Ok(None),
    };
    entrants.sort_by_key(|entrant| entrant.cost);
    let time = entrants.iter().map(|entrant| entrant.time).sum();
    let granted = request.options.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    let names: Vec<String> = entrants.iter().map(|one| one.network.name().to_owned()).collect();
    if !asked && granted.is_some_and(|granted| time > granted.mul_f64(SHARE)) {
        let (names, time) = (names.join(", "), clock(time));
        let note = format!("There was no time to compare {names}, about {time}.");
        return Ok(Some(Choice { network: None, comparisons: vec![], note }));
    }
    listener.tell(Event::ComparingNetworks { names: &names, time });
    let mut best: Option<(NamedNetwork, Predicted)> = None;
    let (mut comparisons, mut notes) = (vec![], vec![]);
    for entrant in entrants {
        let (network, predicted) = (entrant.network, entrant.predict(request, folder, listener)?);
        let Some((champion, known)) = &best else {
            best = Some((network, predicted));
            continue;
        };
        let compared = known.beside(champion.name(), &predicted, network.name());
        listener.tell(Event::Compared(&compared));
        let difference = &compared.log_loss_difference;
        notes.push(format!(
            "{}: log-loss {:+.3} beside {} ({:+.3} to {:+.3}).",
            compared.b, difference.value, compared.a, difference.low, difference.high
        ));
        if difference.high < 0.0 {
            best = Some((network, predicted));
        }
        comparisons.push(compared);
    }
    let Some((network, _)) = best else { return Ok(None) };
    let note = format!(
        "{} was chosen among {}. A slower network is chosen only if its log-loss is lower beyond \
         chance. {}",
        network.name(),
        names.join(", "),
        notes.join(" "),
    );
    Ok(Some(Choice { network: Some(network), comparisons, note }))
}

pub(crate) fn only_by_default() -> Error {
    let what = "only the default recipe compares networks, and only pretrained ones";
    Error::refused(Kind::Usage, what).advise("name one network, or leave out options of `classic`")
}

/// A network that takes part.
struct Entrant {
    network: NamedNetwork,
    start: Start,
    recipe: Auto,
    /// Multiply-adds of a picture.
    cost: u64,
    /// What extracting the features of all pictures takes at most, about.
    time: Duration,
}

impl Entrant {
    /// The network with its weights; nothing where it has no features to fit a head on.
    fn of(
        network: NamedNetwork,
        request: &TrainRequest,
        folder: &Folder,
        listener: &Listener<'_>,
    ) -> Result<Option<Self>, Error> {
        let initial = Initial {
            network: Some(network),
            others: vec![],
            weights: None,
            offline: request.initial.offline,
        };
        let start = Start::choose(&initial, listener.progress, listener.stop)?;
        let options = RecipeOptions { fine_tune: FineTune::Never, ..request.options.clone() };
        let Recipe::Auto(recipe) = options.recipe(&start, folder.classes.len()) else {
            return Ok(None);
        };
        let graph = recipe.architecture(folder.classes.len()).graph();
        let size = recipe.size;
        let cost = summary::of(&graph, size, size).map_or(u64::MAX, |all| all.multiply_adds);
        let mut engine =
            listener.engine(&graph, &start.parameters(&graph, recipe.seed)?, recipe.precision)?;
        let pixels = vec![0.0; size * size * 3];
        let images = Images { pixels: &pixels, count: 1, height: size, width: size };
        let mut pass = Duration::MAX;
        // The first pass is slower, as memory is new.
        for _ in 0..2 {
            let began = Instant::now();
            engine.predict(images)?;
            pass = pass.min(began.elapsed());
        }
        let passes = folder.pictures.len() * recipe.looks().count();
        Ok(Some(Self { network, start, cost, time: pass.mul_f64(passes as f64), recipe }))
    }

    /// What heads on its features predict of the pictures that they had not seen.
    fn predict(
        self,
        request: &TrainRequest,
        folder: &Folder,
        listener: &mut Listener<'_>,
    ) -> Result<Predicted, Error> {
        let (ready, mut data) =
            Ready::new(request, folder, &self.start, &self.recipe, None, listener)?;
        let (_, fitted, _) = ready.fit(&mut data, listener)?;
        let places =
            fitted.held_out.iter().map(|&picture| data.items[picture].place.name().to_owned());
        let asked = fitted.record.held_out.iter();
        let rows = asked.map(|one| (one.logits.clone(), one.actual, one.group));
        Ok(Predicted { rows: places.zip(rows).collect() })
    }
}

/// Logits, label and group of pictures, by path.
struct Predicted {
    rows: HashMap<PathBuf, (Vec<f32>, usize, usize)>,
}

impl Predicted {
    /// Compares two on the pictures that both predicted.
    fn beside(&self, name: &str, other: &Self, other_name: &str) -> Comparison {
        let mut paths: Vec<&Path> = self.rows.keys().map(PathBuf::as_path).collect();
        paths.retain(|path| other.rows.contains_key(*path));
        paths.sort_unstable();
        let logits = |of: &Self| paths.iter().map(|&path| of.rows[path].0.clone()).collect();
        let (own, others): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (logits(self), logits(other));
        let labels: Vec<usize> = paths.iter().map(|&path| self.rows[path].1).collect();
        let groups: Vec<usize> = paths.iter().map(|&path| self.rows[path].2).collect();
        compare(name, &own, other_name, &others, &labels, &groups)
    }
}
