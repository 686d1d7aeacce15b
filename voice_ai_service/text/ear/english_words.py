"""English words that stand behind signs and abbreviations: data of the rules."""

from __future__ import annotations

from typing import Final

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SHORT_MONTHS: Final = {name[:3].lower(): name for name in MONTHS} | {"sept": "September"}
CURRENCIES: Final = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("dollar", "dollars", "cent", "cents"),
    "R$": ("real", "reais", "centavo", "centavos"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
UNITS: Final = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "sq ft": ("square foot", "square feet"),
    "m²": ("square meter", "square meters"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lbs": ("pound", "pounds"),
    "lb": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "TB": ("terabyte", "terabytes"),
    "GHz": ("gigahertz", "gigahertz"),
    "MHz": ("megahertz", "megahertz"),
    "Mbps": ("megabit per second", "megabits per second"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "ms": ("millisecond", "milliseconds"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "hrs": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "sec": ("second", "seconds"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°": ("degree", "degrees"),
}
ABBREVIATIONS: Final = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "prof": "Professor", "jr": "Junior", "sr": "Senior",
    "rev": "Reverend",
    "hon": "Honorable", "gov": "Governor", "sgt": "Sergeant", "capt": "Captain", "gen": "General",
    "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "ln": "Lane", "hwy": "Highway", "pkwy": "Parkway",
    "sq": "Square",
    "apt": "apartment", "ste": "suite", "bldg": "building", "fl": "floor", "ext": "extension", "dept": "department",
    "tel": "telephone", "no": "number", "inc": "Incorporated", "corp": "Corporation", "ltd": "Limited",
    "co": "Company", "vs": "versus", "approx": "approximately", "est": "established", "max": "maximum",
    "min": "minimum",
    "qty": "quantity", "ref": "reference", "vol": "volume", "pg": "page",
    "mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "thurs": "Thursday",
    "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip
BEFORE_NAMES: Final = (
    "mrs|mr|ms|prof|rev|hon|sgt|capt|ave|blvd|rd|ln|hwy|pkwy|apt|ste|bldg|ext|dept|tel|inc|corp|ltd|vs|approx|qty|ref|jr"
    "|mon|tues?|wed|thu|thurs|fri"
)
SPELLED_OUT: Final = frozenset(
    [
        "ID", "IT", "TV", "PC", "CEO", "CFO", "FAQ", "USA", "US", "UK", "EU", "ATM", "DVD", "SMS", "PDF", "API", "URL",
        "USB", "GPS", "HR", "PR", "AI", "IRS", "EIN", "SSN", "VIP",
        "FBI", "EST", "CIA", "DMV", "CPF", "CEP", "AM", "PM", "ETA", "DIY", "UPS", "IV", "ER", "ICU",
    ]
)  # fmt: skip
ROMAN: Final = {
    "II": 2,
    "III": 3,
    "IV": 4,
    "V": 5,
    "VI": 6,
    "VII": 7,
    "VIII": 8,
    "IX": 9,
    "X": 10,
    "XIV": 14,
    "XVI": 16,
}
ROMAN_ALL: Final = ROMAN | {"I": 1, "XI": 11, "XII": 12, "XIII": 13, "XV": 15}
WEEKDAYS: Final = {
    "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday", "Sat": "Saturday",
    "Sun": "Sunday",
}  # fmt: skip
SHORT_DAYS: Final = "Mon|Tues?|Wed|Thu(?:rs)?|Fri|Sat|Sun"
CLOCK: Final = r"(?:[01]?\d|2[0-3])(?::[0-5]\d|\s?[ap]\.?m)"
YEAR_BEFORE: Final = r"(?:in|since|of|from|until|till|by|year|during|before|after|circa|for|©)"
