# Sourced: certificates that are renewed while nodes run, and that expire.
printf '\n-- certificates\n'

new_lan field
number=10
for host in hub brief lasting; do
    number=$((number + 1))
    attach "$host" field "10.97.22.$number/24"
done
. "$project/tests/domains/authority.sh"
authority ours
certificate hub ours 10.97.22.11
seconds=90 certificate brief ours
certificate lasting ours
said hub domain new PLANT >/dev/null
for host in brief lasting; do
    in_host "$host" "$mailslot" domain join - <"$scratch/hub/domains/PLANT.toml" >/dev/null
done
settings hub hub 'listen = ["tls/0.0.0.0:7447"]'
for host in brief lasting; do settings "$host" "$host" 'connect = ["tls/10.97.22.11:7447"]'; done
start_node hub hub --config "$scratch/hub.toml"
hub=$pid
for host in brief lasting; do start_node "$host" "$host" --config "$scratch/$host.toml"; done
shown() {
    in_host lasting openssl s_client -connect 10.97.22.11:7447 -CAfile "$certificates/ours.pem" \
        -cert "$certificates/lasting.pem" -key "$certificates/lasting.key" </dev/null 2>/dev/null |
        openssl x509 -noout -serial
}
until_shown() {
    local step
    for step in $(seq 100); do
        [ "$(shown)" = "$(openssl x509 -noout -serial -in "$certificates/hub.pem")" ] && return; sleep 0.2
    done
    return 1
}
check "both are connected" until_members hub PLANT $'BRIEF\nHUB\nLASTING'
check "the router shows the certificate of its file" until_shown
certificate hub ours 10.97.22.11
check "renewed, it shows the new one" until_shown
check "all are connected again" until_members hub PLANT $'BRIEF\nHUB\nLASTING'
same "its node was not started again" "$(grep -c event=started "$scratch/hub.log")" 1

# Invalid settings leave the previous ones in effect, whatever else they change.
mkdir "$certificates/directory.key"
mkfifo "$certificates/pipe.key"
truncate -s 1T "$certificates/large.key"
: >"$certificates/empty.key"
head -c 100 "$certificates/hub.key" >"$certificates/half.key"
cp "$scratch/hub.toml" "$scratch/hub.good"
hub_says() { grep -c "event=$1" "$scratch/hub.log"; }
closed=$(hub_says domain_closed)
for wrong in missing directory pipe large empty half lasting; do
    for more in '' 'workgroup = "OTHER"'; do
        before=$(hub_says settings_wrong)
        { printf '%s\n' "$more"; sed "s|/hub.key|/$wrong.key|" "$scratch/hub.good"; } >"$scratch/hub.toml"
        kill -HUP "$hub"
        check "the key $wrong is refused ($more)" until_lines "$scratch/hub.log" event=settings_wrong $((before + 1))
    done
done
cp "$scratch/hub.good" "$scratch/hub.toml"
kill -HUP "$hub"
check "the old settings are there" until_line "$scratch/hub.log" event=settings_unchanged
same "the domain was open all the time" "$(hub_says domain_closed)" "$closed"

# It expires by time alone.
while openssl x509 -noout -checkend 0 -in "$certificates/brief.pem" >/dev/null; do sleep 0.2; done
check "who has a certificate that expired is out, and who has a good one is not" until_members hub PLANT $'HUB\nLASTING'
says "doctor names the certificate" "$(said brief doctor)" "problem  certificate PLANT: $certificates/brief.pem" \
    "expired at" "status 1"
says "and what the other side says" "$(said brief doctor)" \
    "problem  endpoint   PLANT: tls/10.97.22.11:7447 cannot be reached" "ertificate"
says "a good one is good" "$(said lasting doctor)" \
    "ok       certificate PLANT: $certificates/lasting.pem (CN=lasting) is valid until"
certificate brief ours
check "renewed, it is in again" until_members hub PLANT $'BRIEF\nHUB\nLASTING'
same "without another start" "$(grep -c event=started "$scratch/brief.log")" 1

# On a machine without a node.
attach spare field 10.97.22.20/24
in_host spare "$mailslot" domain join - <"$scratch/hub/domains/PLANT.toml" >/dev/null
settings spare brief 'connect = ["tls/10.97.22.11:7447"]'
sed -i "s/brief.key/lasting.key/" "$scratch/spare.toml"
says "a key of another certificate is refused at the start" \
    "$(said spare node --netbios false --config "$scratch/spare.toml")" "it is not the key of" "status 2"
