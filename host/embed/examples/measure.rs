use std::time::Instant;
use steward_embed::*;
fn mem() -> String { let s=std::fs::read_to_string("/proc/self/status").unwrap(); let g=|k:&str| s.lines().find(|l|l.starts_with(k)).unwrap_or("").split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()/1024; format!("rss {} MB (anon {}), peak {}", g("VmRSS"), g("RssAnon"), g("VmHWM")) }
fn cpu() -> f64 { let s=std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap()+f[12].parse::<f64>().unwrap())*10.0 }
#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let threads: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    println!("start {}", mem());
    let t = Instant::now();
    let model = LocalModel::open(folder.as_ref(), LocalOptions { threads, idle: std::time::Duration::ZERO, batch_tokens: std::env::args().nth(3).unwrap().parse().unwrap(), ..LocalOptions::default() }).unwrap();
    println!("open {:?} {} {}", t.elapsed(), mem(), model.id());
    let t = Instant::now();
    println!("confidence {} in {:?} {}", model.confidence("Привет, как дела? Напомни завтра позвонить."), t.elapsed(), mem());
    let text: String = (0..14).map(|n| format!("On day {n} the keys hung by the door. ")).collect::<String>();
    let text = text[..text.len() * 97 / 140].to_owned();
    let t = Instant::now();
    model.embed(&[text.clone()], Purpose::Passage).await.unwrap();
    println!("first {:?} {}", t.elapsed(), mem());
    for batch in [1usize, 16] {
        let texts = vec![text.clone(); batch];
        let mut best = f64::MAX; let mut all = vec![]; let n = if batch == 1 { 60 } else { 6 }; let c = cpu();
        for _ in 0..n { let t = Instant::now(); model.embed(&texts, Purpose::Passage).await.unwrap(); let ms = t.elapsed().as_secs_f64() * 1000.0 / batch as f64; best = best.min(ms); all.push(ms); }
        all.sort_by(f64::total_cmp);
        let c = (cpu() - c) / (n * batch) as f64;
        println!("batch {batch}: cpu {c:.1} ms, best {best:.1} ms a text, median {:.1}; {}", all[all.len() / 2], mem());
    }
    for _ in 0..3 {
        println!("unloaded {} {}", model.unload_if_idle(Instant::now()), mem());
        model.embed(&vec![text.clone(); 16], Purpose::Passage).await.unwrap();
        println!("loaded again {}", mem());
    }
    model.unload_if_idle(Instant::now());
    println!("end {}", mem());
}
