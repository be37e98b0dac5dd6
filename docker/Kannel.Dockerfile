# Kannel from Debian, both boxes in one container; see docker/compose.kannel.yaml.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends kannel \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=kannel /var/log/kannel /var/spool/kannel \
    # Who may read kannel.conf is said by number: see compose.kannel.yaml.
    && test "$(id -u kannel)" = 100
USER 100
# smsbox waits until bearerbox listens. Where one of them ends, so do the other and the container, and both are started
# again; at a stop both are told, so that they part from the operator. Warnings only (-v 2): else the log repeats
# every SMS, its number and its words.
CMD ["bash", "-c", "trap 'kill $(jobs -p); wait; exit 0' TERM; bearerbox -v 2 /etc/kannel/kannel.conf & until (echo > /dev/tcp/127.0.0.1/13001) 2>/dev/null; do kill -0 $! 2>/dev/null || exit 1; sleep 1; done; smsbox -v 2 /etc/kannel/kannel.conf & wait -n; kill $(jobs -p); wait; exit 1"]
