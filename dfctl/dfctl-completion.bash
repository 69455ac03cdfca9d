# SPDX-License-Identifier: Apache-2.0
# Completion of dfctl for bash.
#
# Commands and their arguments come from "dfctl --commands", so that this file
# need not know them; names come from the database, if it answers within a second.

_dfctl_names() { # TABLE
    dfctl "${_dfctl_db[@]}" --timeout=1 --bare --columns=name list "$1" 2>/dev/null |
        sed '/^$/d'
}

# Prints the words that may stand for argument placeholder $1 of command $2.
_dfctl_words() {
    case $1 in
        NETWORK) _dfctl_names Network ;;
        SUBNET) _dfctl_names Subnet ;;
        PORT) _dfctl_names Port ;;
        ROUTER) _dfctl_names Router ;;
        ROUTER-PORT) _dfctl_names Router_Port ;;
        NAT) _dfctl_names NAT ;;
        NAT-TYPE) echo dnat_and_snat snat ;;
        CHASSIS) _dfctl_names Chassis ;;
        TABLE) echo Global Network Subnet Port Router Router_Port Static_Route NAT Chassis \
            Connection RBAC_Role RBAC_Permission ;;
        KEY=VALUE)
            case $2 in
                net-add) echo type= segmentation-id= physical-network= mtu= external= ;;
                subnet-add) echo gateway= ra-mode= address-mode= dns-servers= dns-search= ;;
                nat-add) echo name= external-mac= ;;
                connection-add) echo role= inactivity-probe= ;;
            esac
            ;;
        --timeout=SECONDS) echo --timeout= ;;
        --prune) echo --prune ;;
    esac
}

_dfctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} commands word command='' n=0 i args placeholder
    local _dfctl_db=()
    COMPREPLY=()
    commands=$(dfctl --commands 2>/dev/null) || return

    # What precedes the cursor: the command since the last "--", and how many of its
    # arguments there are.  Bash has split words at "=" and ":".
    local line=${COMP_LINE:0:COMP_POINT}
    local -a words
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur=${words[-1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $word in
            --) command='' n=0 ;;
            --db=*) _dfctl_db=("$word") ;;
            -*) [ -n "$command" ] && n=$((n + 1)) ;;
            *)
                if [ -z "$command" ]; then
                    command=$word
                else
                    n=$((n + 1))
                fi
                ;;
        esac
    done

    local candidates
    if [ -z "$command" ]; then
        candidates=$(sed -E 's/^[^,]*,([^,]*),.*/\1/' <<<"$commands")
        [[ $cur == -* ]] && candidates=$(
            dfctl --options | grep -o '^--[a-z-]*=\?'
            sed -E 's/,.*//; s/[][]/ /g' <<<"$commands" | tr ' ' '\n' | sort -u
        )
    else
        args=$(sed -nE "s/^[^,]*,$command,//p" <<<"$commands")
        # shellcheck disable=SC2206
        local -a placeholders=($args)
        [ ${#placeholders[@]} -eq 0 ] && return
        # The last one may repeat.
        [ $n -ge ${#placeholders[@]} ] && n=$((${#placeholders[@]} - 1))
        placeholder=${placeholders[n]#[?*+!]}
        if [ "$placeholder" = FILE ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            compopt -o filenames 2>/dev/null
            return
        fi
        if [ "$placeholder" = RECORD ]; then
            # The word before it is the table.
            candidates=$(_dfctl_names "${words[-2]}")
        else
            candidates=$(_dfctl_words "$placeholder" "$command")
        fi
    fi

    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$cur")
    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
    # Bash replaces only what follows its last word break.
    if [[ $cur == *[=:]* ]]; then
        local head=${cur%"${cur##*[=:]}"}
        COMPREPLY=("${COMPREPLY[@]#"$head"}")
    fi
}
complete -F _dfctl dfctl
