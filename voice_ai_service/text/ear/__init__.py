"""Written text made into what a person would read aloud: numbers, money, dates, hours, documents, addresses."""
