"""The registry of tabular export formats."""

from kg.export.csv_files import write_csv, write_gephi
from kg.export.formats import ExportFormat
from kg.export.neo4j import write_neo4j
from kg.export.parquet import write_parquet

FORMATS = (
    ExportFormat(
        "csv",
        "text/csv",
        "",
        "nodes.csv and edges.csv, lists as JSON; for spreadsheets, pandas",
        write_folder=write_csv,
    ),
    ExportFormat("gephi-csv", "text/csv", "", "nodes.csv and edges.csv; for Gephi", write_folder=write_gephi),
    ExportFormat(
        "neo4j",
        "text/csv",
        "",
        "nodes.csv, relationships.csv with types, import.cypher; for Neo4j, on one line each",
        write_folder=write_neo4j,
    ),
    ExportFormat(
        "parquet",
        "application/vnd.apache.parquet",
        "",
        "nodes.parquet and edges.parquet with types; for pandas, DuckDB, Spark",
        write_folder=write_parquet,
    ),
)
