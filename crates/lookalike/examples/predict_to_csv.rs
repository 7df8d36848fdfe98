//! Predicts every picture in a folder and writes a table to standard output:
//! `cargo run --release -p lookalike --example predict_to_csv birds.lookalike photos > answers.csv`

use std::error::Error;
use std::io;
use std::path::PathBuf;

use lookalike::{Explain, Picture, Predictor, Stop, paths};

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, folder] = &named[..] else {
        return Err("name a classifier and a folder of pictures".into());
    };
    let mut predictor = Predictor::load(model)?;
    let classes = predictor.classifier().classes.clone();
    let pictures = paths([folder], io::empty())?.map(|path| (path.clone(), Picture::from(path)));
    let mut table = csv::Writer::from_writer(io::stdout());
    table.write_record(["picture", "class", "probability", "error"])?;
    let mut failed = Ok(());
    predictor.predict(pictures, Explain::Nothing, &Stop::new(), |path, result| {
        let [class, probability, error] = match result {
            Ok(prediction) => {
                let class = prediction.likeliest();
                let probability = prediction.answer.probabilities[class];
                [classes[class].clone(), format!("{probability:.4}"), String::new()]
            }
            Err(reason) => [String::new(), String::new(), reason.to_string()],
        };
        let row = [path.display().to_string(), class, probability, error];
        failed = std::mem::replace(&mut failed, Ok(())).and(table.write_record(row));
    })?;
    failed?;
    Ok(table.flush()?)
}
