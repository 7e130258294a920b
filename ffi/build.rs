//! Gives the shared library its soname: programs that link it find any later one with the same interface.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtidelog.so.0");
}
