//! Tells the linker that the interpreter brings its own functions, which only macOS needs to hear.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
