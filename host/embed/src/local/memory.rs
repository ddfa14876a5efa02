//! Gives freed memory back to the system. glibc keeps what is not at the end of one of its heaps, and what a few texts
//! took would count as Steward's for ever.

/// Nothing that is in use is touched.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "glibc's own function, which takes no pointer, locks its heaps and may be called at any time"
)]
/// Returns memory that was freed to the system, which the allocator would keep for later.
pub fn give_back() {
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
