"""Brazilian Portuguese words that stand behind signs and abbreviations: data of the rules."""

from __future__ import annotations

from typing import Final

MONTHS: Final = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
    "dezembro",
)  # fmt: skip
WEEKDAYS: Final = {"2": "segunda", "3": "terça", "4": "quarta", "5": "quinta", "6": "sexta"}
CURRENCIES: Final = {
    "R$": ("real", "reais", "centavo", "centavos"),
    "US$": ("dólar", "dólares", "centavo", "centavos"),
    "U$": ("dólar", "dólares", "centavo", "centavos"),
    "$": ("dólar", "dólares", "centavo", "centavos"),
    "€": ("euro", "euros", "centavo", "centavos"),
    "£": ("libra", "libras", "pêni", "pence"),
}
UNITS: Final = {
    "km/h": ("quilômetro por hora", "quilômetros por hora"),
    "km²": ("quilômetro quadrado", "quilômetros quadrados"),
    "km": ("quilômetro", "quilômetros"),
    "m²": ("metro quadrado", "metros quadrados"),
    "m2": ("metro quadrado", "metros quadrados"),
    "m³": ("metro cúbico", "metros cúbicos"),
    "cm": ("centímetro", "centímetros"),
    "mm": ("milímetro", "milímetros"),
    "m": ("metro", "metros"),
    "kg": ("quilo", "quilos"),
    "mg": ("miligrama", "miligramas"),
    "g": ("grama", "gramas"),
    "ml": ("mililitro", "mililitros"),
    "L": ("litro", "litros"),
    "l": ("litro", "litros"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "KB": ("quilobyte", "quilobytes"),
    "TB": ("terabyte", "terabytes"),
    "GHz": ("giga-hertz", "giga-hertz"),
    "MHz": ("mega-hertz", "mega-hertz"),
    "Mbps": ("megabit por segundo", "megabits por segundo"),
    "kWh": ("quilowatt-hora", "quilowatts-hora"),
    "kW": ("quilowatt", "quilowatts"),
    "W": ("watt", "watts"),
    "V": ("volt", "volts"),
    "ms": ("milissegundo", "milissegundos"),
    "min": ("minuto", "minutos"),
    "seg": ("segundo", "segundos"),
    "s": ("segundo", "segundos"),
    "hs": ("hora", "horas"),
    "hrs": ("hora", "horas"),
    "ha": ("hectare", "hectares"),
    "°C": ("grau Celsius", "graus Celsius"),
    "ºC": ("grau Celsius", "graus Celsius"),
    "°": ("grau", "graus"),
}
FEMININE_UNITS: Final = frozenset(("hs", "hrs"))
ABBREVIATIONS: Final = {
    "av": "Avenida", "r": "Rua", "al": "Alameda", "pça": "Praça", "pca": "Praça", "trav": "Travessa",
    "tv": "Travessa",
    "rod": "Rodovia", "estr": "Estrada", "jd": "Jardim", "vl": "Vila", "pq": "Parque", "ed": "Edifício",
    "cj": "conjunto",
    "conj": "conjunto", "apto": "apartamento", "ap": "apartamento", "apt": "apartamento", "bl": "bloco",
    "and": "andar",
    "qd": "quadra", "lt": "lote", "sl": "sala", "lj": "loja", "km": "quilômetro",
    "sr": "senhor", "srs": "senhores", "sra": "senhora", "sras": "senhoras", "srta": "senhorita",
    "dr": "doutor", "drs": "doutores", "dra": "doutora", "prof": "professor", "profa": "professora",
    "eng": "engenheiro", "adv": "advogado", "exmo": "excelentíssimo", "ilmo": "ilustríssimo", "cel": "coronel",
    "gal": "general", "cap": "capitão", "sto": "Santo", "sta": "Santa", "d": "Dona",
    "ltda": "limitada", "cia": "companhia", "tel": "telefone", "ramal": "ramal", "ex": "exemplo", "obs": "observação",
    "pág": "página", "pag": "página", "págs": "páginas", "art": "artigo", "inc": "inciso", "depto": "departamento",
    "dept": "departamento", "etc": "et cetera", "aprox": "aproximadamente", "máx": "máximo", "mín": "mínimo",
    "min": "mínimo", "qtd": "quantidade", "qtde": "quantidade", "ref": "referência", "doc": "documento",
    "docs": "documentos", "vol": "volume",
    "nac": "nacional",
    "jan": "janeiro", "fev": "fevereiro", "mar": "março", "abr": "abril", "jun": "junho", "jul": "julho",
    "ago": "agosto", "set": "setembro", "out": "outubro", "nov": "novembro", "dez": "dezembro",
    "seg": "segunda", "ter": "terça", "qua": "quarta", "qui": "quinta", "sex": "sexta", "sáb": "sábado",
    "dom": "domingo",
}  # fmt: skip
BEFORE_NAMES: Final = (
    "av|al|pça|pca|trav|tv|rod|estr|jd|vl|pq|ed|conj|cj|apto|apt|ap|bl|qd|lt|sl|lj|srs?|sras?|srta|drs?|dra|profa?|eng|adv"
    "|exmo|ilmo|cel|gal|cap|sto|sta|tel|pág|pag|págs|art|inc|depto|dept|ref|vol|obs|aprox|máx|mín|qtde?|docs?"
)
SPELLED_OUT: Final = frozenset(
    [
        "CPF", "CNPJ", "RG", "CNH", "INSS", "FGTS", "IPTU", "IPVA", "ICMS", "ISS", "TED", "DOC", "CRM", "CRO", "OAB",
        "RH", "TI", "TV", "SMS", "PDF", "NF", "URA", "IR", "IRPF", "IRPJ", "MEI", "PJ", "PF", "SP", "RJ", "MG",
        "RS", "SC",
        "PR", "BA", "CE", "PE", "GO", "DF", "ES", "MT", "MS", "PA", "AM", "RN", "PB", "AL", "SE", "PI", "MA",
        "TO", "RO",
        "AC", "AP", "RR", "UTI", "EUA", "UE", "SUV", "GPS", "USB", "CEO", "VIP", "API", "IA", "ID", "SA",
    ]
)  # fmt: skip
LETTERS: Final = {
    "A": "á", "B": "bê", "C": "cê", "D": "dê", "E": "é", "F": "efe", "G": "gê", "H": "agá", "I": "i",
    "J": "jota", "K": "cá",
    "L": "ele", "M": "eme", "N": "ene", "O": "ó", "P": "pê", "Q": "quê", "R": "erre", "S": "esse", "T": "tê",
    "U": "u",
    "V": "vê", "W": "dáblio", "X": "xis", "Y": "ípsilon", "Z": "zê",
}  # fmt: skip
ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
FEMININE_NOUNS: Final = frozenset(
    [
        "hora", "horas", "pessoa", "pessoas", "unidade", "unidades", "vez", "vezes", "semana", "semanas", "parcela",
        "parcelas", "consulta", "consultas", "vaga", "vagas", "diária", "diárias", "caixa", "caixas", "peça", "peças",
        "loja", "lojas", "sala", "salas", "mesa", "mesas", "ligação", "ligações", "mensagem", "mensagens", "página",
        "páginas", "linha", "linhas", "opção", "opções", "via", "vias", "casa", "casas", "noite", "noites", "manhã",
        "manhãs", "tarde", "tardes", "aula", "aulas", "conta", "contas", "fatura", "faturas", "nota", "notas",
        "xícara", "xícaras", "colher", "colheres", "médica", "senha", "senhas", "chave", "chaves", "mão", "mãos",
        "quadra", "quadras", "milhas", "libra", "libras", "sessão", "sessões", "prestação", "prestações", "entrega",
        "entregas", "compra", "compras", "reunião", "reuniões", "crianças", "criança", "mulheres", "dúzia", "dúzias",
        "dose", "doses", "cópia", "cópias", "foto", "fotos", "filial", "filiais", "portas", "janelas",
        "quartas", "alunas",
        "toneladas", "tonelada", "polegadas", "polegada", "etapas", "etapa", "perguntas", "pergunta",
        "visitas", "visita",
        "cadeiras", "camas", "suítes", "suíte", "garrafas", "pizzas", "fatias", "porções", "porção", "refeições",
    ]
)  # fmt: skip
MASCULINE_IN_A: Final = frozenset(
    [
        "dias", "problemas", "sistemas", "programas", "mapas", "temas", "climas", "telefonemas", "diplomas", "cinemas",
        "idiomas", "planetas", "esquemas", "gramas", "quilogramas", "miligramas", "atletas", "colegas", "aromas",
        "das", "nas", "as", "elas", "mas", "pelas", "essas", "estas", "aquelas", "umas", "duas", "apenas",
    ]
)  # fmt: skip
FEMININE_ENDINGS: Final = ("ção", "ções", "dade", "dades", "agem", "agens")
SCALE_WORDS: Final = ("mil", "milhão", "milhões", "bilhão", "bilhões", "trilhão", "trilhões")
