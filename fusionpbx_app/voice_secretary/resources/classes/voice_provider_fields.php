<?php

/**
 * The fields that a provider takes, as the service's catalogue declares them (JSON Schema), and the form for them.
 */
class voice_provider_fields {

	/**
	 * Simple fields of a schema: name => [type, options, default, least, most]. Nested ones stay as they are stored.
	 */
	public static function of(?array $schema): array {
		$fields = [];
		foreach ($schema['properties'] ?? [] as $name => $property) {
			$field = self::field($property, $schema['$defs'] ?? []);
			if ($field !== null) {
				$fields[$name] = $field + ['required' => in_array($name, $schema['required'] ?? [])];
			}
		}
		return $fields;
	}

	private static function field(array $property, array $definitions): ?array {
		$default = $property['default'] ?? null;
		foreach ($property['anyOf'] ?? [] as $choice) {
			if (($choice['type'] ?? '') !== 'null') {
				$property = $choice + ['default' => $default];
				break;
			}
		}
		if (isset($property['$ref'])) {
			$property = ($definitions[basename($property['$ref'])] ?? []) + ['default' => $default];
		}
		if (isset($property['const'])) {
			return null;
		}
		if (isset($property['enum'])) {
			return ['type' => 'choice', 'options' => $property['enum'], 'default' => $default];
		}
		$type = $property['type'] ?? '';
		if (!in_array($type, ['string', 'integer', 'number', 'boolean'])) {
			return null;
		}
		return ['type' => $type, 'options' => [], 'default' => $default];
	}

	/**
	 * A form's row for a field; named by the field itself where the languages do not know it.
	 */
	public static function row(string $name, array $field, $value, array $text): string {
		$label = $text['label-provider_'.$name] ?? $name;
		$value = $value ?? $field['default'];
		$input = 'settings['.$name.']';
		switch ($field['type']) {
			case 'boolean':
				$html = voice_form::toggle($input, (bool) $value, $text);
				break;
			case 'choice':
				$options = array_combine($field['options'], $field['options']);
				$html = voice_form::select($input, ($field['required'] ? [] : ['' => '']) + $options, $value);
				break;
			case 'integer':
			case 'number':
				$html = voice_form::text($input, $value, ['type' => 'number', 'step' => $field['type'] === 'number' ? 'any' : '1']);
				break;
			default:
				$html = voice_form::text($input, $value, ['maxlength' => '2000', 'placeholder' => (string) $field['default']] + ($field['required'] ? ['required' => 'required'] : []));
		}
		return voice_form::row($label, $html, '', $field['required']);
	}

	/**
	 * What was posted, in the types that the service wants; an empty field is left to its default.
	 */
	public static function posted(array $post, array $fields, array $stored): array {
		$settings = array_diff_key($stored, $fields);
		$given = is_array($post['settings'] ?? null) ? $post['settings'] : [];
		foreach ($fields as $name => $field) {
			$value = voice_form::posted($given, $name, 2000);
			if ($value === '') {
				continue;
			}
			switch ($field['type']) {
				case 'boolean': $settings[$name] = $value === 'true'; break;
				case 'integer': $settings[$name] = (int) $value; break;
				case 'number': $settings[$name] = (float) $value; break;
				default: $settings[$name] = $value;
			}
		}
		return $settings;
	}
}
