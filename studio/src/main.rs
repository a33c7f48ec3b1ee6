//! The studio's command line.
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let size = a.get(3).and_then(|s| s.parse().ok()).unwrap_or(160);
    let p = match a[1].as_str() {"sheet" => cuelight_studio::sheet::states(size), "r" => cuelight_studio::sheet::reactions(size),
     _ => { let ch=&cuelight_core::character::built_in()[&a[3]]; let p=cuelight_core::catalog::built_in().preset(&a[5]).unwrap();
       let spec=cuelight_studio::clip::Spec{look:ch.look,character_seed:ch.seed,motion_seed:ch.seed,cue:cuelight_core::cue::Cue::state(&a[4]),width:p.width,height:p.height,fps:p.fps,duration_ms:cuelight_core::catalog::built_in().state(&a[4]).unwrap().duration_ms.0 as u32};
       let t=std::time::Instant::now();
       let b=cuelight_studio::clip::render(&spec,|_|std::ops::ControlFlow::Continue(())).unwrap(); eprintln!("{} bytes {:?}",b.len(),t.elapsed()); std::fs::write(&a[2],b).unwrap(); return; } };
    p.unwrap().save_png(&a[2]).unwrap();
}
