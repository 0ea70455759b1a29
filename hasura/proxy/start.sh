# Starts nginx with the proxies whose X-Forwarded-For it believes: TRUSTED_PROXIES, in the gateway's form.
set -eu
for hop in $(echo "${TRUSTED_PROXIES:-}" | tr , ' '); do
  case $hop in
    loopback) echo 127.0.0.0/8 ::1/128 ;;
    linklocal) echo 169.254.0.0/16 fe80::/10 ;;
    uniquelocal) echo 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 ;;
    # A word for the gateway. This proxy is in front of Hasura in any case.
    hasura) ;;
    *) echo "$hop" ;;
  esac
done | tr ' ' '\n' | sed 's/.*/set_real_ip_from &;/' >/tmp/trusted-proxies.conf
exec nginx -c /etc/portcullis/nginx.conf -g 'daemon off;'
