//! File systems that others change without this machine being told.

use crate::folder::Folder;

impl Folder {
    /// Whether what is in it may be changed from elsewhere, of which this machine is not told: it is on a network.
    #[cfg(target_os = "linux")]
    pub fn is_remote(&self) -> bool {
        let found = rustix::fs::fstatfs(self.handle());
        // The numbers have 32 bits, the field of some machines 64.
        found.is_ok_and(|found| is_shared(found.f_type as u32))
    }

    /// Whether what is in it may be changed from elsewhere, of which this machine is not told: it is on a network. This is
    /// known on Linux alone.
    #[cfg(not(target_os = "linux"))]
    pub fn is_remote(&self) -> bool {
        false
    }
}

/// By their numbers in `linux/magic.h` and `statfs(2)`.
#[cfg(target_os = "linux")]
fn is_shared(kind: u32) -> bool {
    const NFS: u32 = 0x6969;
    const SMB: [u32; 3] = [0x517b, 0xfe53_4d42, 0xff53_4d42];
    // sshfs and the like; also how some virtual machines and containers share folders.
    const FUSE: u32 = 0x6573_5546;
    const PLAN_9: u32 = 0x0102_1997;
    const VIRTUAL_BOX: u32 = 0x786f_4256;
    const AFS: [u32; 2] = [0x5346_414f, 0x6b41_4653];
    const CEPH: u32 = 0x00c3_6400;
    const CODA: u32 = 0x7375_7245;
    const CLUSTERS: [u32; 3] = [0x7461_636f, 0x0116_1970, 0x0bd0_0bd0];
    matches!(kind, NFS | FUSE | PLAN_9 | VIRTUAL_BOX | CEPH | CODA)
        || SMB.contains(&kind)
        || AFS.contains(&kind)
        || CLUSTERS.contains(&kind)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_networks_are_remote_and_those_of_disks_are_not() {
        assert!(is_shared(0x6969) && is_shared(0xff53_4d42) && is_shared(0x6573_5546));
        for (local, name) in [(0xef53, "ext4"), (0x9123_683e, "btrfs"), (0x5846_5342, "xfs"), (0x0102_1994, "tmpfs")] {
            assert!(!is_shared(local), "{name}");
        }
    }
}
