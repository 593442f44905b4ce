//! Links the shared library that `cmake -S native -DTHRESIGN_PEERS=ON` built; THRESIGN_PEERS_LIBRARY names its directory.

fn main() {
    let directory = std::env::var("THRESIGN_PEERS_LIBRARY")
        .expect("THRESIGN_PEERS_LIBRARY: the directory of libthresign_peers.so (make peers sets it)");
    println!("cargo:rerun-if-env-changed=THRESIGN_PEERS_LIBRARY");
    println!("cargo:rustc-link-search=native={directory}");
    println!("cargo:rustc-link-lib=dylib=thresign_peers");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
}
