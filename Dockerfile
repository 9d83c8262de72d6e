# The locked base install with what the scaled-out shape needs besides; no torch. Runs as a user without rights.
FROM python:3.11-slim AS build
WORKDIR /app
COPY pyproject.toml README.md ./
COPY requirements requirements
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps -r requirements/base.lock \
    && /venv/bin/pip install --no-cache-dir -c requirements/dev.lock boto3
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends tesseract-ocr && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 insydr && install -d -o insydr /data /blobs
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 INSYDR_DATA_DIR=/data
WORKDIR /app
USER insydr
VOLUME ["/data", "/blobs"]
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=3)"]
CMD ["insydr", "serve"]
