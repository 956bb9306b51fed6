# Sourced: certificates of authorities that a part makes for itself, in $certificates.

certificates=$scratch/certificates
mkdir -p "$certificates"

# authority NAME: makes NAME.pem and NAME.key.
authority() {
    faketime -f -1d openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj "/CN=$1" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout "$certificates/$1.key" -out "$certificates/$1.pem" 2>/dev/null
}

# certificate NAME AUTHORITY [ADDRESS...]: the same, issued by the authority, valid for $seconds, or a day.
certificate() {
    local name=$1 authority=$2 address names=DNS:$1 past=$((86400 - ${seconds:-86400}))
    shift 2
    for address; do names+=,IP:$address; done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$certificates/$name.new-key" -out "$certificates/$name.csr" 2>/dev/null
    faketime -f "-${past}s" openssl x509 -req -in "$certificates/$name.csr" -days 1 \
        -CA "$certificates/$authority.pem" -CAkey "$certificates/$authority.key" -CAcreateserial \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names") \
        -out "$certificates/$name.new-pem" 2>/dev/null
    # One after the other, as in a renewal: for a moment they do not match.
    mv "$certificates/$name.new-pem" "$certificates/$name.pem"
    mv "$certificates/$name.new-key" "$certificates/$name.key"
}

# settings HOST KEY LINES...: the settings of a host's part in the domain, KEY being the certificate's name, or empty.
settings() {
    local host=$1 key=$2
    shift 2
    {
        printf '[domains.PLANT]\n'
        printf '%s\n' "$@"
        printf 'tls.root-ca = "%s"\n' "$certificates/ours.pem"
        [ -z "$key" ] || printf 'tls.certificate = "%s"\ntls.private-key = "%s"\n' "$certificates/$key".{pem,key}
    } >"$scratch/$host.toml"
}
