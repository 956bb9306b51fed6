use super::*;

fn header() -> Header {
    Header { node_type: NodeType::H, id: 0x0102, source: SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 138) }
}

fn name(text: &str) -> Name {
    Name::new(text, 0).expect("valid")
}

fn whole(data: &[u8]) -> Packet<'_> {
    let body = Body::Whole { kind: Destination::Unique, source: name("A"), destination: name("B"), data };
    Packet { header: header(), body }
}

#[test]
fn datagrams_have_the_layout_of_the_rfc() {
    let packet = whole(b"data");
    let bytes = packet.encode();
    assert_eq!(&bytes[..14], b"\x10\x0E\x01\x02\xC0\0\x02\x01\0\x8A\0\x48\0\0");
    assert_eq!(&bytes[14..19], b"\x20EBCA");
    assert_eq!(&bytes[48..53], b"\x20ECCA");
    assert_eq!(&bytes[82..], b"data");
    assert_eq!(Packet::parse(&bytes), Ok(packet));
}

#[test]
fn what_other_receivers_accept_is_accepted() {
    let good = whole(b"data").encode();
    let mut changed = good.clone();
    changed[1] |= 0xF0;
    changed[10..12].fill(0xFF);
    assert_eq!(Packet::parse(&changed), Ok(whole(b"data")));
    // The destination is the source, by a pointer that counts from the header.
    let pointer = [&good[..48], b"\xC0\x0E", b"data"].concat();
    let body = Body::Whole { kind: Destination::Unique, source: name("A"), destination: name("A"), data: b"data" };
    assert_eq!(Packet::parse(&pointer), Ok(Packet { header: header(), body }));
}

#[test]
fn short_packets_are_complete() {
    for body in [
        Body::Error { code: ErrorCode::DestinationNotPresent },
        Body::Error { code: ErrorCode::Other(7) },
        Body::QueryRequest { destination: name("C") },
        Body::PositiveQueryResponse { destination: name("C") },
        Body::NegativeQueryResponse { destination: name("C") },
    ] {
        let packet = Packet { header: header(), body };
        let bytes = packet.encode();
        assert!(bytes.len() == 11 || bytes.len() == 44);
        for length in 0..bytes.len() {
            assert!(matches!(Packet::parse(&bytes[..length]), Err(Error::Short { .. })), "{length}");
        }
        assert_eq!(Packet::parse(&bytes), Ok(packet));
    }
}

#[test]
fn long_datagrams_become_fragments_that_fit() {
    let data: Vec<u8> = (0..1200).map(|n| n as u8).collect();
    let packets = whole(&data).fragments(MAX_DATAGRAM_LENGTH).expect("the names fit");
    assert_eq!(packets.len(), 3);
    let mut together = Vec::new();
    for packet in &packets {
        assert!(packet.encode().len() + IP_UDP <= MAX_DATAGRAM_LENGTH);
        let bytes = match &packet.body {
            Body::FirstFragment { length: 1268, data, .. } => data,
            Body::LaterFragment { length: 1268, offset, data, more, .. } => {
                assert_eq!(usize::from(*offset), 68 + together.len());
                assert_eq!(*more, together.len() + data.len() < 1200);
                data
            }
            other => panic!("{other:?}"),
        };
        together.extend_from_slice(bytes);
    }
    assert_eq!(together, data);
}

#[test]
fn what_fits_stays_whole() {
    let data = [0; 467];
    assert_eq!(whole(&data[..466]).fragments(MAX_DATAGRAM_LENGTH), Ok(vec![whole(&data[..466])]));
    assert_eq!(whole(&data).fragments(MAX_DATAGRAM_LENGTH).map(|packets| packets.len()), Ok(2));
}

#[test]
fn what_cannot_be_split_is_refused() {
    let data = vec![0; 65_536];
    let too_long = |field, size, limit| Err(Error::TooLong { field, size, limit });
    assert_eq!(whole(b"x").fragments(0), too_long("names", 68, 0));
    assert_eq!(whole(b"x").fragments(109), too_long("names", 68, 67));
    assert_eq!(whole(&data).fragments(576), too_long("datagram", 65_604, 65_535));
}

#[test]
fn malformed_datagrams_say_what_is_wrong() {
    let good = whole(b"data").encode();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Packet::parse(&bytes).map(|_| ()).expect_err("malformed")
    };
    assert_eq!(with(0, 0x17), Error::Value { field: "msg_type", expected: "0x10 to 0x16", found: 0x17 });
    assert_eq!(with(13, 1), Error::Value { field: "packet_offset", expected: "0 in a first fragment", found: 1 });
    assert!(matches!(with(15, b'a'), Error::Name { field: "source name", .. }));
    assert!(matches!(with(49, b'a'), Error::Name { field: "destination name", .. }));
    for length in 0..82 {
        assert!(matches!(Packet::parse(&good[..length]), Err(Error::Short { .. })), "{length}");
    }
}
