//! The studio's command line.
fn main() {
    let out = std::env::args().nth(2).unwrap_or_default();
    let size = std::env::args().nth(3).and_then(|s| s.parse().ok()).unwrap_or(160);
    let p = if std::env::args().nth(1).as_deref() == Some("sheet") { cuelight_studio::sheet::states(size) } else { cuelight_studio::sheet::reactions(size) };
    p.unwrap().save_png(out).unwrap();
}
