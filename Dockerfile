# The operator's image: locked requirements, no root, and nothing that needs a file system to write to.
#
#   docker build -t REGISTRY/lastgood:0.1.0 . && docker push REGISTRY/lastgood:0.1.0
ARG PYTHON=python:3.12-slim
FROM ${PYTHON} AS built
RUN python -m venv /venv
COPY requirements.lock /
RUN /venv/bin/pip install --disable-pip-version-check --no-cache-dir --no-deps --require-hashes --only-binary :all: \
      --requirement /requirements.lock \
 && /venv/bin/pip uninstall --yes pip
COPY operator/lastgood /app/lastgood
RUN /venv/bin/python -m compileall -q /app /venv/lib

FROM ${PYTHON}
COPY --from=built /venv /venv
COPY --from=built /app /app
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/nonexistent
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "lastgood"]
CMD ["operator", "--metrics-address=0.0.0.0:8080"]
