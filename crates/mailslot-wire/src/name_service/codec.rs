//! Bodies from sections, and back.

use std::net::Ipv4Addr;

use crate::error::{Error, NameError, Result};
use crate::name::Name;
use crate::name_service::body::{Body, Claim, Holder};
use crate::name_service::flags::{NameFlags, Opcode, Rcode};
use crate::name_service::record::{
    CLASS_IN, Raw, RawSections, kind, saturated, write_pointer_to_question, write_question, write_record_head,
};
use crate::name_service::status::{Entry, Statistics, read_entries};
use crate::reader::Reader;

/// Bytes of NB_FLAGS and NB_ADDRESS.
const HOLDER: usize = 6;
/// The most holders that RDLENGTH allows.
const MAX_HOLDERS: usize = u16::MAX as usize / HOLDER;
/// The most entries that NUM_NAMES can count.
const MAX_ENTRIES: usize = u8::MAX as usize;

impl Body {
    pub(super) fn of_request(opcode: Opcode, rcode: Rcode, sections: RawSections<'_>) -> Result<Body> {
        let claim = |sections| claim_of_request(sections);
        match opcode {
            Opcode::Query if sections.questions.is_empty() => Err(Error::Sections { expected: "a question" }),
            Opcode::Query => Ok(query(sections, rcode)),
            Opcode::Registration => claim(sections).map(Body::RegistrationRequest),
            Opcode::MultihomedRegistration => claim(sections).map(Body::MultihomedRegistrationRequest),
            Opcode::Refresh(opcode) => Ok(Body::RefreshRequest { claim: claim(sections)?, opcode }),
            Opcode::Release => claim(sections).map(Body::ReleaseRequest),
            Opcode::Wack | Opcode::Other(_) => Ok(other(false, opcode, rcode, sections)),
        }
    }

    pub(super) fn of_response(opcode: Opcode, rcode: Rcode, sections: RawSections<'_>) -> Result<Body> {
        let RawSections { questions, answers, authorities, additionals } = &sections;
        if !questions.is_empty() {
            return Ok(other(true, opcode, rcode, sections));
        }
        match (opcode, &answers[..], &authorities[..], &additionals[..]) {
            (Opcode::Query, [], [], []) if rcode != Rcode::Success => {
                Ok(Body::NegativeQueryResponse { name: None, rcode })
            }
            (Opcode::Query, [answer], [], []) if rcode != Rcode::Success && answer.is_empty() => {
                Ok(Body::NegativeQueryResponse { name: answer.record.name.clone(), rcode })
            }
            (Opcode::Query, [answer], [], []) if rcode == Rcode::Success && answer.is(kind::NB) => {
                query_response(answer)
            }
            (Opcode::Query, [answer], [], []) if rcode == Rcode::Success && answer.is(kind::NBSTAT) => {
                node_status_response(answer)
            }
            (Opcode::Query, [], [server], [address])
                if rcode == Rcode::Success && server.is(kind::NS) && address.is(kind::A) =>
            {
                redirect_query_response(server, address)
            }
            (Opcode::Registration, [answer], [], []) if answer.is(kind::NB) => {
                Ok(Body::RegistrationResponse { claim: claim(answer)?, rcode })
            }
            (Opcode::Release, [answer], [], []) if answer.is(kind::NB) => {
                Ok(Body::ReleaseResponse { claim: claim(answer)?, rcode })
            }
            (Opcode::Wack, [answer], [], []) if rcode == Rcode::Success => wack(answer),
            _ => Ok(other(true, opcode, rcode, sections)),
        }
    }

    /// QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT.
    pub(super) fn counts(&self) -> [u16; 4] {
        match self {
            Body::QueryRequest { .. } | Body::NodeStatusRequest { .. } => [1, 0, 0, 0],
            Body::RegistrationRequest(_)
            | Body::MultihomedRegistrationRequest(_)
            | Body::RefreshRequest { .. }
            | Body::ReleaseRequest(_) => [1, 0, 0, 1],
            Body::NegativeQueryResponse { name: None, .. } => [0; 4],
            Body::RedirectQueryResponse { .. } => [0, 0, 1, 1],
            Body::Other { sections, .. } => {
                let records = [&sections.answers, &sections.authorities, &sections.additionals];
                let [answers, authorities, additionals] = records.map(|records| saturated(records.len()));
                [saturated(sections.questions.len()), answers, authorities, additionals]
            }
            _ => [0, 1, 0, 0],
        }
    }

    pub(super) fn is_too_long(&self) -> bool {
        match self {
            Body::QueryResponse { holders, .. } => holders.len() > MAX_HOLDERS,
            Body::NodeStatusResponse { entries, .. } => entries.len() > MAX_ENTRIES,
            _ => false,
        }
    }

    /// Writes everything after the header.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Body::QueryRequest { name } => write_question(name, kind::NB, CLASS_IN, out),
            Body::NodeStatusRequest { name } => write_question(name, kind::NBSTAT, CLASS_IN, out),
            Body::RegistrationRequest(claim)
            | Body::MultihomedRegistrationRequest(claim)
            | Body::RefreshRequest { claim, .. }
            | Body::ReleaseRequest(claim) => {
                write_question(&claim.name, kind::NB, CLASS_IN, out);
                write_pointer_to_question(out);
                write_holders(claim.ttl, &[claim.holder], out);
            }
            Body::RegistrationResponse { claim, .. } | Body::ReleaseResponse { claim, .. } => {
                claim.name.write(out);
                write_holders(claim.ttl, &[claim.holder], out);
            }
            Body::QueryResponse { name, ttl, holders } => {
                name.write(out);
                write_holders(*ttl, holders.get(..MAX_HOLDERS).unwrap_or(holders), out);
            }
            Body::NegativeQueryResponse { name: None, .. } => {}
            Body::NegativeQueryResponse { name: Some(name), .. } => {
                name.write(out);
                write_record_head(kind::NULL, CLASS_IN, 0, 0, out);
            }
            Body::RedirectQueryResponse { name, ttl, server, address } => {
                name.write(out);
                write_record_head(kind::NS, CLASS_IN, *ttl, server.encoded_len(), out);
                server.write(out);
                server.write(out);
                write_record_head(kind::A, CLASS_IN, *ttl, address.octets().len(), out);
                out.extend_from_slice(&address.octets());
            }
            Body::Wack { name, ttl, request_flags } => {
                match name {
                    Some(name) => name.write(out),
                    None => out.push(0),
                }
                write_record_head(kind::NULL, CLASS_IN, *ttl, 2, out);
                out.extend_from_slice(&request_flags.to_be_bytes());
            }
            Body::NodeStatusResponse { name, entries, statistics } => {
                name.write(out);
                write_status(entries.get(..MAX_ENTRIES).unwrap_or(entries), statistics, out);
            }
            Body::Other { sections, .. } => sections.write(out),
        }
    }
}

fn other(response: bool, opcode: Opcode, rcode: Rcode, sections: RawSections<'_>) -> Body {
    Body::Other { response, opcode, rcode, sections: Box::new(sections.into_sections()) }
}

fn query(sections: RawSections<'_>, rcode: Rcode) -> Body {
    let alone = sections.answers.is_empty() && sections.authorities.is_empty() && sections.additionals.is_empty();
    match &sections.questions[..] {
        [question] if alone && question.class == CLASS_IN && question.kind == kind::NB => {
            Body::QueryRequest { name: question.name.clone() }
        }
        [question] if alone && question.class == CLASS_IN && question.kind == kind::NBSTAT => {
            Body::NodeStatusRequest { name: question.name.clone() }
        }
        _ => other(false, Opcode::Query, rcode, sections),
    }
}

fn claim_of_request(sections: RawSections<'_>) -> Result<Claim> {
    let RawSections { questions, answers, authorities, additionals } = &sections;
    let ([question], [], [], [additional]) = (&questions[..], &answers[..], &authorities[..], &additionals[..]) else {
        return Err(Error::Sections { expected: "one question and one additional record" });
    };
    if question.class != CLASS_IN || question.kind != kind::NB || !additional.is(kind::NB) {
        return Err(Error::Sections { expected: "a question and a record of type NB and class IN" });
    }
    let claim = claim(additional)?;
    if claim.name != question.name {
        return Err(Error::Sections { expected: "the same name in the question and in the additional record" });
    }
    Ok(claim)
}

fn claim(record: &Raw<'_>) -> Result<Claim> {
    match holders(record)?[..] {
        [holder] => Ok(Claim { name: name(record)?, ttl: record.record.ttl, holder }),
        _ => Err(wrong_length("6", record)),
    }
}

fn query_response(answer: &Raw<'_>) -> Result<Body> {
    Ok(Body::QueryResponse { name: name(answer)?, ttl: answer.record.ttl, holders: holders(answer)? })
}

fn node_status_response(answer: &Raw<'_>) -> Result<Body> {
    let mut data = answer.data.clone();
    let entries = read_entries(&mut data)?;
    Ok(Body::NodeStatusResponse { name: name(answer)?, entries, statistics: Statistics::read(&mut data) })
}

fn redirect_query_response(server: &Raw<'_>, address: &Raw<'_>) -> Result<Body> {
    Ok(Body::RedirectQueryResponse {
        name: name(server)?,
        ttl: server.record.ttl,
        server: Name::read(&mut server.data.clone(), "name server name")?,
        address: Ipv4Addr::from(address.data.clone().array::<4>("name server address")?),
    })
}

fn wack(answer: &Raw<'_>) -> Result<Body> {
    let mut data = answer.data.clone();
    let request_flags = data.u16_be("request flags")?;
    if data.left() > 0 {
        return Err(wrong_length("2", answer));
    }
    Ok(Body::Wack { name: answer.record.name.clone(), ttl: answer.record.ttl, request_flags })
}

fn name(record: &Raw<'_>) -> Result<Name> {
    record.record.name.clone().ok_or(Error::Name { field: "record name", reason: NameError::Missing })
}

fn holders(record: &Raw<'_>) -> Result<Vec<Holder>> {
    let mut data = record.data.clone();
    if !data.left().is_multiple_of(HOLDER) {
        return Err(wrong_length("a multiple of 6", record));
    }
    let mut holders = Vec::with_capacity(data.left() / HOLDER);
    while data.left() > 0 {
        holders.push(read_holder(&mut data)?);
    }
    Ok(holders)
}

fn read_holder(data: &mut Reader<'_>) -> Result<Holder> {
    let flags = NameFlags::from_bits(data.u16_be("nb_flags")?);
    Ok(Holder { flags, address: Ipv4Addr::from(data.array::<4>("nb_address")?) })
}

fn wrong_length(expected: &'static str, record: &Raw<'_>) -> Error {
    Error::Value { field: "rdlength", expected, found: record.data.left() as u32 }
}

fn write_holders(ttl: u32, holders: &[Holder], out: &mut Vec<u8>) {
    write_record_head(kind::NB, CLASS_IN, ttl, holders.len() * HOLDER, out);
    for holder in holders {
        out.extend_from_slice(&holder.flags.bits().to_be_bytes());
        out.extend_from_slice(&holder.address.octets());
    }
}

fn write_status(entries: &[Entry], statistics: &Statistics, out: &mut Vec<u8>) {
    write_record_head(kind::NBSTAT, CLASS_IN, 0, 1 + Entry::SIZE * entries.len() + statistics.len(), out);
    out.push(entries.len() as u8);
    for entry in entries {
        entry.write(out);
    }
    statistics.write(out);
}
