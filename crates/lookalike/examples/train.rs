//! Trains a classifier on a folder of pictures and says how good it is:
//! `cargo run --release -p lookalike --example train photos`

use std::error::Error;

use lookalike::{Event, Silent, Stop, TrainRequest, train};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder with one sub-folder a class")?;
    let mut hear = |event: Event<'_>| {
        if let Event::Planned(planned) = event {
            eprintln!("{} pictures in {} classes", planned.train, planned.classes);
        }
    };
    let request = TrainRequest::new(folder.as_str());
    let trained = train(&request, &mut hear, &Silent, &Stop::new())?;
    println!("right on {} of {}", trained.insight.accuracy, trained.insight.accuracy.n);
    for pair in trained.insight.most_confused.iter().take(3) {
        let classes = &trained.insight.classes;
        println!("{} taken for {}: {}", classes[pair.actual], classes[pair.predicted], pair.count);
    }
    println!("saved as {}", trained.path.display());
    Ok(())
}
