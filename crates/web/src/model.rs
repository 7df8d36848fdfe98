use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::json::{Answer, HeatMap, Predictions, Style};
use classifier::{ClassifierError, Explain, Predictor};

/// A classifier that answers on pictures.
pub struct Model {
    name: String,
    predictor: Predictor,
}

/// How an answer is put, and what comes with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    /// How it is put.
    pub style: Style,
    /// Whether a heat map comes with it.
    pub heat_map: bool,
}

impl Model {
    /// Reads a classifier from the bytes of its file, of this name.
    ///
    /// # Errors
    /// When it is refused.
    pub fn load(name: &str, bytes: &[u8]) -> Result<Self, ClassifierError> {
        let predictor = Predictor::of_bytes(Path::new(name), bytes)?;
        Ok(Self { name: name.to_owned(), predictor })
    }

    /// Runs the self-test and returns the largest difference.
    ///
    /// # Errors
    /// When an answer is not what it was when the classifier was saved.
    pub fn verify(&mut self) -> Result<f32, ClassifierError> {
        self.predictor.verify()
    }

    /// The document of `predict --json` before it has answers: names of the classes, and the novelty
    /// above which a picture is not recognised.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn about(&self) -> Result<String, ClassifierError> {
        let classifier = self.predictor.classifier();
        written(&Predictions::of(Path::new(&self.name), classifier))
    }

    /// The document of `predict --json` on one picture, of this name: an answer, or the reason why it
    /// cannot be read.
    ///
    /// # Errors
    /// When the network fails on it.
    pub fn predict(
        &mut self,
        name: &str,
        picture: Vec<u8>,
        ask: Ask,
    ) -> Result<String, ClassifierError> {
        let explain = match ask {
            Ask { heat_map: false, .. } => Explain::Nothing,
            Ask { style: Style { always: true, .. }, .. } => Explain::Likeliest,
            Ask { .. } => Explain::Named,
        };
        let classifier = self.predictor.classifier();
        let (classes, novelty_limit) = (classifier.classes.clone(), classifier.calibration.novelty);
        let style = Style { top: ask.style.top.min(classes.len()), ..ask.style };
        let said = match self.predictor.ask(picture, explain) {
            Err(ClassifierError::Unreadable(reason)) => Err(reason),
            said => Ok(said?),
        };
        let mut answer = Answer::of(Path::new(name), &said, &classes, style, None);
        if let (Answer::Read(read), Ok(said)) = (&mut answer, &said) {
            read.heat_map = said.heat.as_ref().map(|heat| HeatMap {
                file: None,
                image: Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(heat.overlay()))),
                class: &classes[heat.class],
            });
        }
        let predictions = vec![answer];
        let model = self.name.clone();
        written(&Predictions { model, classes: &classes, novelty_limit, predictions })
    }
}

fn written(document: &Predictions<'_>) -> Result<String, ClassifierError> {
    serde_json::to_string(document).map_err(|source| ClassifierError::Json {
        path: document.model.clone().into(),
        part: "answer",
        source,
    })
}
