//! Elects the bridge that sends on a segment.

use mailslot::NetbiosName;
use mailslot_domain::Segment;

/// The bridge that sends on `segment`, among `computer`, which is a bridge itself, and the bridges that are there: the
/// one whose computer has the lowest name. All bridges get the same result without communication.
pub(super) fn sender(computer: &NetbiosName, segment: &Segment, bridges: &[(NetbiosName, Segment)]) -> NetbiosName {
    let there = bridges.iter().filter(|(_, other)| other.is_same(segment)).map(|(other, _)| other);
    let lowest = there.chain([computer]).min_by(|a, b| a.as_str().cmp(b.as_str()));
    lowest.unwrap_or(computer).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NetbiosName {
        text.parse().expect("valid")
    }

    fn segment(third: u8, last: u8, workgroup: &str) -> Segment {
        Segment { address: [192, 0, third, last].into(), prefix_length: 24, workgroup: name(workgroup) }
    }

    #[test]
    fn the_lowest_name_on_the_segment_sends_and_all_agree() {
        let bridges = [("C", 1), ("A", 2), ("B", 3)].map(|(computer, last)| (name(computer), segment(2, last, "OLD")));
        for (computer, own) in &bridges {
            assert_eq!(sender(computer, own, &bridges), name("A"), "{computer}");
        }
        let left: Vec<_> = bridges.iter().filter(|(computer, _)| *computer != name("A")).cloned().collect();
        assert_eq!(sender(&name("C"), &bridges[0].1, &left), name("B"));
        assert_eq!(sender(&name("C"), &bridges[0].1, &[]), name("C"));
    }

    #[test]
    fn bridges_of_other_segments_and_workgroups_do_not_count() {
        let others = [(name("A"), segment(3, 1, "OLD")), (name("B"), segment(2, 1, "OTHER"))];
        assert_eq!(sender(&name("C"), &segment(2, 2, "OLD"), &others), name("C"));
    }
}
