//! Draws the practice set into the folder that is named, to look at it.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("name a folder")?;
    let started = std::time::Instant::now();
    let settings = pictures::practice::Settings::default();
    let paths = pictures::practice::draw(dir.as_ref(), &settings, &ground::progress::Silent)?;
    println!("{} pictures in {:.1} s", paths.len(), started.elapsed().as_secs_f64());
    Ok(())
}
