module csv-to-json

go 1.27
