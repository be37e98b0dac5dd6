# Kannel from Debian, both boxes in one container; see docker/compose.kannel.yaml.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends kannel \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=kannel /var/log/kannel /var/spool/kannel
USER kannel
# smsbox waits until bearerbox listens; where one of them ends, so does the container, and both are started again.
CMD ["bash", "-c", "bearerbox /etc/kannel/kannel.conf & until (echo > /dev/tcp/127.0.0.1/13001) 2>/dev/null; do sleep 1; done; smsbox /etc/kannel/kannel.conf & wait -n"]
