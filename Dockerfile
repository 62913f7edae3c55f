# Captions in a container, from the sources in this folder:
#   docker build -t gst-rnn . && docker run --rm -v "$PWD:/media" gst-rnn talk.wav
# Other commands of the packages: docker run --rm --entrypoint gst-rnn-evaluate ...
FROM debian:12-slim AS packages
COPY . /src/gst-rnn
WORKDIR /src/gst-rnn
RUN apt-get update && apt-get install -y --no-install-recommends dpkg-dev && \
    apt-get build-dep -y --no-install-recommends ./ && dpkg-buildpackage -b -us -uc

FROM debian:12-slim
COPY --from=packages /src/*.deb /tmp/packages/
RUN apt-get update && \
    apt-get install -y --no-install-recommends /tmp/packages/rnncore-tools_*.deb /tmp/packages/rnn-models-en_*.deb \
      /tmp/packages/gstreamer1.0-rnn_*.deb /tmp/packages/librnncore1_*.deb gstreamer1.0-libav && \
    rm -rf /tmp/packages /var/lib/apt/lists/*
WORKDIR /media
ENTRYPOINT ["gst-rnn-caption"]
